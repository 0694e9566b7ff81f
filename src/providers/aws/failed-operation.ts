/** The call that an error came from. */
export interface FailedOperation {
  /** E.g. `RDS`. */
  readonly service: string;
  /** E.g. `DescribeDBSnapshots`. */
  readonly operation: string;
}

/** The part of an SDK client that is needed here; the types of its middleware differ from client to client. */
interface ObservedClient {
  readonly middlewareStack: { add(middleware: Middleware, options: { step: 'initialize'; name: string }): void };
}
type Middleware = <Call, Output>(
  next: (call: Call) => Promise<Output>,
  context: { readonly clientName?: string; readonly commandName?: string },
) => (call: Call) => Promise<Output>;

const FAILED_OPERATION = Symbol('the operation that failed');

/** The same client, whose errors tell the operation they came from: the SDK's own do not, and people must know it. */
export function tellingOperation<Client extends ObservedClient>(client: Client): Client {
  client.middlewareStack.add(
    (next, { clientName = '', commandName = '' }) =>
      async (call) => {
        try {
          return await next(call);
        } catch (error) {
          note(error, { service: clientName.replace(/Client$/, ''), operation: commandName.replace(/Command$/, '') });
          throw error;
        }
      },
    { step: 'initialize', name: 'drillbookFailedOperation' },
  );
  return client;
}

/** The operation that an error came from, when its client tells it. */
export function failedOperationOf(error: unknown): FailedOperation | undefined {
  return typeof error === 'object' && error !== null && FAILED_OPERATION in error
    ? (error[FAILED_OPERATION] as FailedOperation)
    : undefined;
}

function note(error: unknown, failed: FailedOperation): void {
  if (typeof error !== 'object' || error === null || !Object.isExtensible(error)) return;
  Object.defineProperty(error, FAILED_OPERATION, { value: failed, configurable: true });
}

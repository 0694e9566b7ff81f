import type { Instant, Millis } from '../../../../src/support/time.ts';
import type { ServiceCalls } from './service-calls.ts';
import type { TemplateResource, Template } from './template-values.ts';

/** A key and a value. */
export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** What exists of a logical resource. */
export interface Made {
  readonly physicalId: string;
  /** What `Fn::GetAtt` may ask for. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** One resource of a stack and how far it has come. */
export interface StackResource {
  readonly logicalId: string;
  readonly definition: TemplateResource;
  status: string;
  reason?: string | undefined;
  made?: Made | undefined;
  changedAt: Instant;
}

/** One line of a stack's history. */
export interface StackEvent {
  readonly id: string;
  readonly at: Instant;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
}

/** What a stack is busy with: one resource at a time, the next of them done at `dueAt`. */
export type StackWork =
  | { readonly kind: 'create'; readonly queue: readonly StackResource[]; readonly dueAt: Millis }
  | {
      readonly kind: 'remove';
      readonly because: 'rollback' | 'delete';
      /** What this removal could not remove. */
      readonly stuck: readonly string[];
      readonly queue: readonly StackResource[];
      readonly dueAt: Millis;
    };

/** What is done with a stack whose creation failed. */
export type OnFailure = 'ROLLBACK' | 'DELETE' | 'DO_NOTHING';

/** A stack of the simulated CloudFormation. */
export interface Stack {
  readonly id: string;
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly token: string | undefined;
  readonly body: string;
  readonly template: Template;
  readonly tags: readonly Tag[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly onFailure: OnFailure;
  readonly createdAt: Instant;
  /** Calls of the other services with the rights of who made the stack. */
  readonly services: ServiceCalls;
  /** In the order of their making. */
  readonly resources: readonly StackResource[];
  readonly events: StackEvent[];
  status: string;
  reason?: string | undefined;
  deletedAt?: Instant | undefined;
  /** The deletion puts up with what it cannot remove. */
  isForced: boolean;
  outputs: readonly Tag[];
  work?: StackWork | undefined;
}

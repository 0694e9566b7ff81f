/** Thrown by a layer when the caller shall get no answer: the proxy then destroys the socket. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

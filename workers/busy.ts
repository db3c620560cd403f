/**
 * A service that a task needs has too much to do. The job goes back in line, which costs it no attempt, and its type rests for so long; never
 * seen by a user.
 */
export class BusyError extends Error {
  override readonly name = "BusyError";
  readonly afterMs: number;

  constructor(afterMs: number, options?: ErrorOptions) {
    super("The service is busy", options);
    this.afterMs = afterMs;
  }
}

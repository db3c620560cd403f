/** What only the person in front of the machine can do; shown as its one line, without a stack. */
export class Hint extends Error {}

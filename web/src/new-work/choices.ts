/** Of the choices of one kind: what they are, and what is told when they change. */
export interface ChoicesProps<Chosen> {
  value: Chosen;
  onChange(next: Chosen): void;
}

/** With or without one of them, in the order of all. */
export const toggle = <T>(all: readonly T[], chosen: readonly T[], one: T): T[] =>
  all.filter((other) => (other === one ? !chosen.includes(one) : chosen.includes(other)));

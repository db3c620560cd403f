/**
 * The schemas that a document names. A TypeBox schema holds others as they are; in the document whatever has an `$id` stands once, under
 * that name, and elsewhere by reference.
 */
export class Components {
  readonly #schemas = new Map<string, unknown>();

  add(...schemas: unknown[]): void {
    for (const schema of schemas) this.extract(schema);
  }

  /** A copy with references in the place of what has a name; what is new by name is kept. */
  extract<T>(schema: T): T;
  extract(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map((item: unknown) => this.extract(item));
    if (typeof schema !== "object" || schema === null) return schema;
    const { $id: name, ...rest }: { $id?: unknown } = schema;
    const entries = Object.entries(rest).map(([key, value]) => [key, this.extract<unknown>(value)]);
    const copy = Object.fromEntries(entries);
    if (typeof name !== "string") return copy;
    this.#schemas.set(name, copy);
    return { $ref: `#/components/schemas/${name}` };
  }

  addTo<T extends object>(document: T): T {
    const { components } = { components: {}, ...document };
    return {
      ...document,
      components: { ...components, schemas: Object.fromEntries(this.#schemas) },
    };
  }
}

/** The named fields of a record, in their order; absent ones are left out. */
export function pick<T extends object>(record: T, fields: readonly (keyof T)[]): Partial<T> {
  const picked: Partial<T> = {};
  for (const field of fields) {
    if (record[field] !== undefined) picked[field] = record[field];
  }
  return picked;
}

/** How many things that were not chosen are told of in a step. */
export const MAX_NEAR = 8;

/** The same with a place, if there is one. */
export function withPlace<T extends object, P>(value: T, place: P | undefined): T & { place?: P } {
  return place === undefined ? value : { ...value, place };
}

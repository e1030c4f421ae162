/** The name that means "all". */
export const WILDCARD = '*';

/** Options of a policy as the exports of a module. */

/** The longest wait, in milliseconds. */
export const maxWait = 1_234

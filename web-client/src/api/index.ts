export { Problem, Unreachable } from "./client";
export { keep } from "./kept";
export * from "./queries";
export type * from "./types";
export { uuidv7 } from "./uuid";

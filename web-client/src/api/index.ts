export { Problem, Unreachable } from "./client";
export { keep } from "./kept";
export * from "./queries";
export { useReachable } from "./reached";
export type * from "./types";
export { uuidv7 } from "./uuid";

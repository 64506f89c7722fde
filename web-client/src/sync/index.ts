export { clearStranded, copiesOf, findStranded, readStranded, type Stranded } from "./device";
export { useDocumentSession, useLine, useSessionState, useSlowConnection } from "./hooks";
export { difference, type Person, readPerson } from "./presence";
export { isInMemoryOnly, type Line } from "./saved";
export { type DocumentSession, leaveDevice } from "./session";
export { reopenSocket } from "./socket";
export { download, plainText } from "./text";

export { AllDocuments, RecentDocuments } from "./DocumentList";
export { LatestPosts } from "./LatestPosts";
export { DocumentPage, preloadDocumentPage } from "./lazy";
export { NewDocument, NewDocumentSomewhere } from "./NewDocument";

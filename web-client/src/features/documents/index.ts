export { AllDocuments, RecentDocuments } from "./DocumentList";
export { DocumentPage, preloadDocumentPage } from "./lazy";
export { NewDocument, NewDocumentSomewhere } from "./NewDocument";

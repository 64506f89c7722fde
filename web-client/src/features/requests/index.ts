export { RequestRows } from "./MyRequests";
export { NewRequestPage, RequestPage } from "./RequestPage";

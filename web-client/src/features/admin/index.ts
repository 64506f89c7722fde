export { AdminLinks, type AdminSection, AdminSide } from "./AdminMenu";
export { AuditPage } from "./AuditPage";
export { CommunitiesPage } from "./CommunitiesPage";
export { NotYours } from "./frame";
export { InstancePage } from "./InstancePage";
export { OverviewPage } from "./OverviewPage";
export { PeoplePage } from "./PeoplePage";
export { QueuePage } from "./QueuePage";

export { CommunityHomePage } from "./CommunityHome";
export { CommunityLinks, CommunitySide, type Section } from "./CommunityMenu";
export { CommunityProblem } from "./CommunityProblem";
export { DirectoryPage } from "./DirectoryPage";
export { FeaturePage } from "./FeaturePage";
export { JoinButton } from "./JoinButton";
export { MembersPage } from "./MembersPage";
export { PeoplePage } from "./PeoplePage";
export { SettingsPage } from "./SettingsPage";

export { CommunityHome, CommunityProblem } from "./CommunityHome";
export { CommunityLinks, CommunitySide } from "./CommunityMenu";

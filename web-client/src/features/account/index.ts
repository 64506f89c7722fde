export { Landing } from "./Landing";
export { ProfileMenu } from "./ProfileMenu";
export { SignInAgain } from "./SignInAgain";

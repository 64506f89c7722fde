import { ProfilePage, SessionsPage } from "../../features/account";
import { useInside } from "../Root";

export function ProfileRoute() {
  return <ProfilePage me={useInside().me} />;
}

export function SessionsRoute() {
  return <SessionsPage me={useInside().me} />;
}

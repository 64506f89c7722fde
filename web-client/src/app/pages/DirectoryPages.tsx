import { DirectoryPage, PeoplePage } from "../../features/communities";
import { useInside } from "../Root";

export function CommunitiesRoute() {
  const { me } = useInside();
  return <DirectoryPage me={me} mayRequest={me.may_request} />;
}

export function PeopleRoute() {
  return <PeoplePage me={useInside().me} />;
}

import { useParams } from "@tanstack/react-router";
import type { SimilarCommunity } from "../../api";
import { JoinButton } from "../../features/communities";
import { NewRequestPage, RequestPage } from "../../features/requests";
import { useInside } from "../Root";

const join = (community: SimilarCommunity) => (
  <JoinButton community={{ ...community, join: { state: community.joining } }} small />
);

export function NewRequestRoute() {
  return <NewRequestPage me={useInside().me} join={join} />;
}

export function RequestRoute() {
  const { id } = useParams({ from: "/requests/$id" });
  return <RequestPage key={id} id={id} me={useInside().me} join={join} />;
}

import { useParams } from "@tanstack/react-router";
import { NewRequestPage, RequestPage } from "../../features/requests";
import { useInside } from "../Root";

export function NewRequestRoute() {
  return <NewRequestPage me={useInside().me} />;
}

export function RequestRoute() {
  const { id } = useParams({ from: "/requests/$id" });
  return <RequestPage key={id} id={id} me={useInside().me} />;
}

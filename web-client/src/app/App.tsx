import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { Problem } from "../api";
import { Announcer } from "../ui/Announcer";
import { Toasts } from "../ui/Toasts";
import { router } from "./router";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Asked even when the browser believes the network is away: what was kept answers then.
      networkMode: "always",
      staleTime: 15_000,
      retry: (count, error) => !(error instanceof Problem) && navigator.onLine && count < 2,
    },
    mutations: { networkMode: "always" },
  },
});

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
      <Announcer />
      <Toasts />
    </QueryClientProvider>
  );
}

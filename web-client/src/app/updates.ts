/** The service worker: keeps the page's own files, so that it opens without a network; a new version asks first. */

import { registerSW } from "virtual:pwa-register";
import i18next from "i18next";
import { toast } from "../ui/Toasts";

export function watchForUpdates(): void {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  const update = registerSW({
    onNeedRefresh: () =>
      toast({
        text: i18next.t("update.ready"),
        stays: true,
        action: { label: i18next.t("update.reload"), run: () => void update(true) },
      }),
  });
}

import { Monitor, Moon, Sun } from "lucide-react";
import type { ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Menu, MenuItem } from "../../ui/Menu";
import { setTheme, type Theme, useTheme } from "../../ui/theme";

export const THEMES: readonly { theme: Theme; icon: typeof Sun }[] = [
  { theme: "system", icon: Monitor },
  { theme: "light", icon: Sun },
  { theme: "dark", icon: Moon },
];

export function ThemeMenu({ trigger }: { trigger: ReactElement }) {
  const { t } = useTranslation();
  const now = useTheme();
  return (
    <Menu
      label={t("settings.theme")}
      trigger={trigger}
      placement="top end"
      selectionMode="single"
      selectedKeys={[now]}
    >
      {THEMES.map(({ theme, icon }) => (
        <MenuItem key={theme} id={theme} icon={icon} onAction={() => setTheme(theme)}>
          {t(`settings.themes.${theme}`)}
        </MenuItem>
      ))}
    </Menu>
  );
}

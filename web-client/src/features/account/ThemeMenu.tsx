import { Monitor, Moon, Sun } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Menu, MenuItem, type MenuTrigger } from "../../ui/Menu";
import { setTheme, type Theme, useTheme } from "../../ui/theme";

export const THEMES: readonly { theme: Theme; icon: typeof Sun }[] = [
  { theme: "system", icon: Monitor },
  { theme: "light", icon: Sun },
  { theme: "dark", icon: Moon },
];

export function ThemeMenu({ trigger }: { trigger: MenuTrigger }) {
  const { t } = useTranslation();
  const now = useTheme();
  return (
    <Menu label={t("settings.theme")} trigger={trigger} placement="top end">
      {THEMES.map(({ theme, icon }) => (
        <MenuItem key={theme} icon={icon} chosen={theme === now} onAction={() => setTheme(theme)}>
          {t(`settings.themes.${theme}`)}
        </MenuItem>
      ))}
    </Menu>
  );
}

import { Keyboard, Languages, LogOut } from "lucide-react";
import type { ReactElement } from "react";
import { Header, MenuSection, Separator } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { type Me, saveLanguage } from "../../api";
import { chooseLanguage, currentLanguage, LANGUAGE_NAMES, LANGUAGES, type Language } from "../../i18n";
import { Menu, MenuItem } from "../../ui/Menu";
import { setTheme, useTheme } from "../../ui/theme";
import { THEMES } from "./ThemeMenu";

type Props = {
  me: Me;
  trigger: ReactElement;
  placement: "right bottom" | "bottom end" | "top end";
  onHelp: () => void;
  onSignOut: () => void;
};

/** Theme, language, keyboard help, sign out. */
export function ProfileMenu({ me, trigger, placement, onHelp, onSignOut }: Props) {
  const { t } = useTranslation();
  const theme = useTheme();
  const language = currentLanguage();

  function speak(chosen: Language): void {
    void chooseLanguage(chosen);
    // Messages sent to this person follow as well; the page doesn't wait for that.
    saveLanguage(chosen).catch(() => {});
  }

  return (
    <Menu label={t("settings.profile")} trigger={trigger} placement={placement}>
      <MenuSection>
        <Header className="menu-title">{t("settings.signedInAs", { name: me.name })}</Header>
        <MenuItem icon={Keyboard} hint="?" onAction={onHelp}>
          {t("help.title")}
        </MenuItem>
      </MenuSection>
      <Separator />
      <MenuSection selectionMode="single" selectedKeys={[theme]} aria-label={t("settings.theme")}>
        <Header className="menu-title">{t("settings.theme")}</Header>
        {THEMES.map((one) => (
          <MenuItem key={one.theme} id={one.theme} icon={one.icon} onAction={() => setTheme(one.theme)}>
            {t(`settings.themes.${one.theme}`)}
          </MenuItem>
        ))}
      </MenuSection>
      <Separator />
      <MenuSection selectionMode="single" selectedKeys={[language]} aria-label={t("settings.language")}>
        <Header className="menu-title">{t("settings.language")}</Header>
        {LANGUAGES.map((one) => (
          <MenuItem key={one} id={one} icon={Languages} lang={one} onAction={() => speak(one)}>
            {LANGUAGE_NAMES[one]}
          </MenuItem>
        ))}
      </MenuSection>
      <Separator />
      <MenuSection aria-label={t("settings.signOut")}>
        <MenuItem icon={LogOut} onAction={onSignOut}>
          {t("settings.signOut")}
        </MenuItem>
      </MenuSection>
    </Menu>
  );
}

import { useNavigate } from "@tanstack/react-router";
import {
  CircleUserRound,
  Info,
  Keyboard,
  Languages,
  LogOut,
  MonitorSmartphone,
  ShieldCheck,
} from "lucide-react";
import { useTranslation } from "react-i18next";
import { type Me, saveProfile } from "../../api";
import { chooseLanguage, currentLanguage, LANGUAGE_NAMES, LANGUAGES, type Language } from "../../i18n";
import { Menu, MenuItem, MenuRule, MenuSection, type MenuTrigger, type Placement } from "../../ui/Menu";
import { setTheme, useTheme } from "../../ui/theme";
import { THEMES } from "./ThemeMenu";

type Props = {
  me: Me;
  trigger: MenuTrigger;
  placement: Placement;
  onHelp: () => void;
  onSignOut: () => void;
};

/** Profile, logins, administration; theme, language, keyboard help; sign out. */
export function ProfileMenu({ me, trigger, placement, onHelp, onSignOut }: Props) {
  const { t } = useTranslation();
  const theme = useTheme();
  const language = currentLanguage();
  const navigate = useNavigate();

  function speak(chosen: Language): void {
    void chooseLanguage(chosen);
    // Messages sent to this person follow as well; the page doesn't wait for that.
    saveProfile({ language: chosen }).catch(() => {});
  }

  return (
    <Menu label={t("settings.profile")} trigger={trigger} placement={placement}>
      <MenuSection title={t("settings.signedInAs", { name: me.name })}>
        <MenuItem icon={CircleUserRound} onAction={() => void navigate({ to: "/profile" })}>
          {t("nav.profile")}
        </MenuItem>
        <MenuItem icon={MonitorSmartphone} onAction={() => void navigate({ to: "/profile/sessions" })}>
          {t("nav.sessions")}
        </MenuItem>
        {me.is_administrator ? (
          <MenuItem icon={ShieldCheck} onAction={() => void navigate({ to: "/admin" })}>
            {t("nav.administration")}
          </MenuItem>
        ) : null}
        <MenuItem icon={Keyboard} hint="?" onAction={onHelp}>
          {t("help.title")}
        </MenuItem>
        <MenuItem icon={Info} onAction={() => void navigate({ to: "/about" })}>
          {t("about.inMenu")}
        </MenuItem>
      </MenuSection>
      <MenuRule />
      <MenuSection title={t("settings.theme")}>
        {THEMES.map((one) => (
          <MenuItem
            key={one.theme}
            icon={one.icon}
            chosen={one.theme === theme}
            onAction={() => setTheme(one.theme)}
          >
            {t(`settings.themes.${one.theme}`)}
          </MenuItem>
        ))}
      </MenuSection>
      <MenuRule />
      <MenuSection title={t("settings.language")}>
        {LANGUAGES.map((one) => (
          <MenuItem
            key={one}
            icon={Languages}
            lang={one}
            chosen={one === language}
            onAction={() => speak(one)}
          >
            {LANGUAGE_NAMES[one]}
          </MenuItem>
        ))}
      </MenuSection>
      <MenuRule />
      <MenuItem icon={LogOut} onAction={onSignOut}>
        {t("settings.signOut")}
      </MenuItem>
    </Menu>
  );
}

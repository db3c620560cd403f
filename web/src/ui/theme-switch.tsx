import { setTheme, type Theme, THEMES, useTheme } from "../theme.ts";
import { MoonIcon, SunIcon, SystemIcon } from "./icons.tsx";

const LOOKS: Record<Theme, { word: string; Icon: typeof SunIcon }> = {
  system: { word: "System", Icon: SystemIcon },
  light: { word: "Light", Icon: SunIcon },
  dark: { word: "Dark", Icon: MoonIcon },
};

export function ThemeSwitch() {
  const theme = useTheme();
  return (
    <fieldset className="mt-3 grid grid-cols-3 rounded-md border border-line p-0.5">
      <legend className="sr-only">Colours</legend>
      {THEMES.map((one) => {
        const { word, Icon } = LOOKS[one];
        return (
          <label
            key={one}
            className="relative flex cursor-pointer items-center justify-center gap-1.5 rounded-[0.3rem] py-1.5 text-[0.8125rem] text-quiet has-checked:bg-accent-soft has-checked:text-accent has-focus-visible:outline-2 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              name="theme"
              checked={theme === one}
              onChange={() => setTheme(one)}
              className="absolute inset-0 cursor-pointer appearance-none outline-none"
            />
            <Icon className="size-3.5" /> {word}
          </label>
        );
      })}
    </fieldset>
  );
}

import { createValue, useValue } from "./ui/value.ts";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "jobcast:theme";

const theme = createValue<Theme>(THEMES.find((known) => known === read()) ?? "system");
show();

export const useTheme = (): Theme => useValue(theme);

export function setTheme(next: Theme): void {
  theme.set(next);
  show();
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // It counts until the page goes.
  }
}

function show(): void {
  document.documentElement.dataset["theme"] = theme.get();
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

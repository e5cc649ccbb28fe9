// Light or dark: the system's wish until the person chooses otherwise. Used once, at start.

const KEY = "carillon-theme";

export function followTheme(button: HTMLElement): void {
  const root = document.documentElement;
  const chosen = localStorage.getItem(KEY);
  if (chosen) root.dataset["theme"] = chosen;
  button.addEventListener("click", () => {
    const dark = root.dataset["theme"] ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    root.dataset["theme"] = dark === "dark" ? "light" : "dark";
    localStorage.setItem(KEY, root.dataset["theme"]);
  });
}

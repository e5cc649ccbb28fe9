// Stands in for react-style-singleton: one style for as long as anybody uses it. As a constructed sheet it needs no
// 'unsafe-inline' in the page's policy. Used by the scroll lock of Radix' dialogs and menus.
import { useEffect } from "react";

interface Singleton {
  add(styles: string): void;
  remove(): void;
}

export function stylesheetSingleton(): Singleton {
  const sheet = new CSSStyleSheet();
  let users = 0;
  return {
    add: (styles) => {
      if (users++ > 0) return;
      sheet.replaceSync(styles);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    },
    remove: () => {
      if (--users > 0) return;
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    },
  };
}

type UseStyle = (styles: string, dynamic?: boolean) => void;

export function styleHookSingleton(): UseStyle {
  const sheet = stylesheetSingleton();
  return (styles, dynamic) =>
    useEffect(() => {
      sheet.add(styles);
      return sheet.remove;
    }, [styles && dynamic]);
}

export function styleSingleton(): (props: { styles: string; dynamic?: boolean }) => null {
  const useStyle = styleHookSingleton();
  return ({ styles, dynamic }) => {
    useStyle(styles, dynamic);
    return null;
  };
}

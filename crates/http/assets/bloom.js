// What the pages gain with a script: a choice of colours, buttons that copy and show.
// Everything here stays hidden until this file shows it, so nothing on a page waits for it.
"use strict";

(() => {
  const root = document.documentElement;
  const THEME = "bloom-theme";

  // Storage may be switched off; the system's colours are a fine answer then.
  const chosenTheme = () => {
    try {
      return localStorage.getItem(THEME);
    } catch {
      return null;
    }
  };

  const keepTheme = (choice) => {
    try {
      if (choice === "system") localStorage.removeItem(THEME);
      else localStorage.setItem(THEME, choice);
    } catch {
      // Then the choice lasts for this page only.
    }
  };

  const showTheme = (choice) => {
    const fixed = choice === "light" || choice === "dark";
    if (fixed) root.dataset.theme = choice;
    else delete root.dataset.theme;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      const own = button.dataset.themeChoice;
      button.setAttribute("aria-pressed", String(own === (fixed ? choice : "system")));
    }
  };

  // Before the body exists, so that no page flashes in the other colours.
  showTheme(chosenTheme());

  const say = (text) => {
    const live = document.querySelector("[data-live]");
    live.textContent = "";
    // A change is announced; the same text twice would be none.
    setTimeout(() => { live.textContent = text; }, 50);
  };

  const select = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };

  // True only when the text is really on the clipboard. On plain http there is no clipboard API.
  const copy = async (element) => {
    if (navigator.clipboard && isSecureContext) {
      try {
        await navigator.clipboard.writeText(element.textContent);
        return true;
      } catch {
        // Refused by the person or the browser; the older way may still work.
      }
    }
    select(element);
    let taken = null;
    const heard = (event) => { taken = event.clipboardData !== null; };
    document.addEventListener("copy", heard, { once: true });
    let done = false;
    try {
      done = document.execCommand("copy");
    } catch {
      done = false;
    }
    document.removeEventListener("copy", heard);
    return done && taken === true;
  };

  const pasteKeys = () => (/Mac|iPhone|iPad/.test(navigator.platform) ? "Press ⌘C" : "Press Ctrl+C");

  const wireCopy = (button) => {
    const source = document.getElementById(button.dataset.copy);
    const label = [...button.childNodes];
    let back;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await copy(source);
      const text = done ? "Copied" : pasteKeys();
      if (!done) select(source);
      button.replaceChildren(text);
      say(done ? "Copied" : `${text}. The text is selected.`);
      clearTimeout(back);
      back = setTimeout(() => button.replaceChildren(...label), done ? 2500 : 8000);
    });
  };

  const wireShow = (button) => {
    const input = document.getElementById(button.dataset.show);
    const word = button.firstChild;
    const set = (shown) => {
      input.type = shown ? "text" : "password";
      word.data = shown ? "Hide " : "Show ";
    };
    button.hidden = false;
    button.removeAttribute("aria-pressed");
    button.addEventListener("click", () => set(input.type === "password"));
    // Browsers offer to keep a password, and to fill it in, only in a field that hides it.
    input.form.addEventListener("submit", () => set(false));
  };

  // A second click on a slow line must not create a second key. Where the answer leads to an app on the device, the
  // page stays, and whoever missed the app must be able to press once more: the server takes many answers for one.
  const wireOnce = (form) => {
    let sent = false;
    form.addEventListener("submit", (event) => {
      if (sent) event.preventDefault();
      sent = true;
      if ("mayStay" in form.dataset) setTimeout(() => { sent = false; }, 5000);
    });
    addEventListener("pageshow", () => { sent = false; });
  };

  // After how many milliseconds to ask again where the server had no time: what it says, within reason.
  const pause = (answer) => {
    const seconds = Number(answer.headers.get("retry-after"));
    return Math.min(Math.max(seconds || 10, 2), 60) * 1000;
  };

  // Puts something new in the place of something old. The focus stays on the same control, known by its id or by where
  // it leads; where there is none any more, on what is new.
  const swap = (old, next) => {
    const held = document.activeElement;
    const link = held?.getAttribute("href");
    const isInside = old.contains(held);
    next.querySelectorAll("[data-without-script]").forEach((each) => { each.hidden = true; });
    next.querySelectorAll("form[method=post]").forEach(wireOnce);
    old.replaceWith(next);
    if (!isInside) return;
    const same = held.id
      ? document.getElementById(held.id)
      : [...next.querySelectorAll("[href]")].find((each) => link && each.getAttribute("href") === link);
    if (!same) next.tabIndex = -1;
    (same || next).focus({ preventScroll: true });
  };

  // A part of a page that more becomes of: it is fetched anew until nothing does. Whoever has moved the focus
  // into it is left alone until they leave.
  const wireLivePart = (part) => {
    const look = async () => {
      let page;
      try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" } });
        // Only what is gone, or not this person's any more, will not be answered later.
        if (answer.status === 404 || answer.redirected) return;
        if (!answer.ok) {
          setTimeout(look, pause(answer));
          return;
        }
        page = new DOMParser().parseFromString(await answer.text(), "text/html");
      } catch {
        setTimeout(look, 10000);
        return;
      }
      const next = page.getElementById(part.id);
      if (!next) return;
      if (next.dataset.livePart && (part.contains(document.activeElement) || next.innerHTML === part.innerHTML)) {
        setTimeout(look, 2000);
        return;
      }
      // What appears only once it is done stands outside of the part.
      if (!next.dataset.livePart && part.dataset.livePart === "image") {
        document.title = page.title;
        swap(document.getElementById("main"), page.getElementById("main"));
      } else {
        swap(part, next);
      }
      if (!next.dataset.livePart) {
        say(next.dataset.ended || "Everything is done.");
        return;
      }
      part = next;
      setTimeout(look, 2000);
    };
    setTimeout(look, 1500);
  };

  // Whether any field holds something else than what it came with.
  const hasChanges = () => [...document.querySelectorAll("input, textarea, select")].some((field) => {
    if (field.matches("select")) {
      const first = [...field.options].findIndex((option) => option.defaultSelected);
      return field.selectedIndex !== Math.max(first, 0);
    }
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    return field.value !== field.defaultValue;
  });

  document.addEventListener("DOMContentLoaded", () => {
    const each = (selector, wire) => document.querySelectorAll(selector).forEach(wire);
    showTheme(chosenTheme());
    each("[data-themes]", (group) => { group.hidden = false; });
    each("[data-without-script]", (link) => { link.hidden = true; });
    each("[data-live-part]", wireLivePart);
    each("[data-theme-choice]", (button) => {
      button.addEventListener("click", () => {
        keepTheme(button.dataset.themeChoice);
        showTheme(button.dataset.themeChoice);
      });
    });
    each("[data-copy]", wireCopy);
    each("[data-show]", wireShow);
    // What is being worked on is looked at again, unless somebody is typing, or has typed something.
    each("[data-again]", (part) => setInterval(() => {
      const isTyping = document.activeElement?.matches("input, textarea, select");
      if (!isTyping && !hasChanges()) location.replace(part.dataset.again || location.pathname);
    }, 2500));
    each("form[method=post]", wireOnce);
    // `autofocus` does this without a script, but not when the address has a fragment.
    const target = document.querySelector("[data-focus]");
    requestAnimationFrame(() => {
      if (target && document.activeElement === document.body) target.focus();
    });
  });
})();

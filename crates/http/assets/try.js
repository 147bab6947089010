// Sends the request that a page of the documentation is about, with a key that its reader pastes. The key is
// in its field and nowhere else: it is neither stored nor part of an address, and goes with the page.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const part = document.querySelector("[data-try]");
  const find = (selector) => part.querySelector(selector);
  const key = find("#try-key");
  const body = find("#try-body");
  const file = find("#try-file");
  const send = find("[data-send]");
  const answer = find("[data-answer]");
  const heading = find("[data-status]");
  // The examples stand for commands; here there is no shell that fills in a variable.
  if (body) body.value = body.value.replaceAll(/"\$[A-Z_]+"/g, '""');
  find("[data-try-form]").hidden = false;
  // What a browser brings back with the page must not be the key.
  addEventListener("pagehide", () => { if (key) key.value = ""; });

  const request = () => {
    let path = part.dataset.path;
    const query = new URLSearchParams();
    const headers = {};
    const form = new FormData();
    for (const field of part.querySelectorAll("[data-in]")) {
      const { name, value } = field;
      const place = field.dataset.in;
      if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value.trim()));
      else if (value === "") continue;
      else if (place === "query") query.set(name, value.trim());
      else if (place === "header") headers[name] = value.trim();
      else form.set(name, value.trim());
    }
    if (key) headers["x-api-key"] = key.value.trim();
    const options = { method: part.dataset.method, headers, credentials: "omit", cache: "no-store" };
    if (file) {
      form.set("file", file.files[0]);
      options.body = form;
    } else if (body) {
      headers["content-type"] = "application/json";
      options.body = body.value;
    }
    return [query.size ? `${path}?${query}` : path, options];
  };

  const show = (status, headers, content) => {
    heading.textContent = status;
    find("[data-headers]").textContent = headers;
    find("[data-content]").textContent = content;
    answer.hidden = false;
    heading.focus();
  };

  const told = (response) => {
    const names = ["x-request-id", "x-ratelimit-remaining", "retry-after", "www-authenticate", "idempotent-replayed"];
    const lines = names.filter((name) => response.headers.has(name));
    return lines.map((name) => `${name}: ${response.headers.get(name)}`).join("\n");
  };

  const pretty = (text) => {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  };

  const run = async () => {
    const missing = [...part.querySelectorAll("[required]")].find((field) => field.value === "");
    if (missing) {
      missing.focus();
      missing.reportValidity();
      return;
    }
    send.disabled = true;
    try {
      const [path, options] = request();
      const response = await fetch(path, options);
      show(`${response.status} ${response.statusText}`, told(response), pretty(await response.text()));
    } catch (error) {
      show("No answer", "", `${error.message}. Look whether the server is there, and what stands in the fields.`);
    } finally {
      send.disabled = false;
    }
  };

  send.addEventListener("click", run);
  part.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) run();
  });
});

// What a page needs to speak to an authenticator. A form carries what is asked for in its data; what comes back
// goes into its hidden fields, and the form is sent like any other.
"use strict";

(() => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const create = async ({ challenge, site, user, email, known, algorithms }) => {
    const made = await navigator.credentials.create({ publicKey: {
      challenge: bytes(challenge),
      rp: { id: site, name: "Bloom" },
      user: { id: bytes(user), name: email, displayName: email },
      pubKeyCredParams: algorithms.split(" ").map((alg) => ({ type: "public-key", alg: Number(alg) })),
      excludeCredentials: known.split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) })),
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      attestation: "none",
    } });
    return { id: made.rawId, client: made.response.clientDataJSON, data: made.response.attestationObject };
  };

  const get = async ({ challenge, site }) => {
    const used = await navigator.credentials.get({ publicKey: {
      challenge: bytes(challenge), rpId: site, userVerification: "required",
    } });
    const { clientDataJSON: client, authenticatorData: data, signature } = used.response;
    return { id: used.rawId, client, data, signature };
  };

  const wire = (form) => {
    const button = form.querySelector("[data-passkey]");
    const why = form.querySelector("[data-passkey-why]");
    const tell = (words) => {
      why.textContent = words;
      why.hidden = false;
    };
    if (!isSecureContext) return tell("Passkeys need https here.");
    if (!window.PublicKeyCredential) return tell("This browser has no passkeys.");
    why.hidden = true;
    for (const hidden of form.querySelectorAll("[data-passkey-part]")) hidden.hidden = false;
    button.addEventListener("click", async () => {
      why.hidden = true;
      try {
        const found = await (form.dataset.ceremony === "add" ? create : get)(form.dataset);
        for (const [name, value] of Object.entries(found)) form.elements[`passkey_${name}`].value = text(value);
        form.requestSubmit();
      } catch (error) {
        tell(error.name === "InvalidStateError"
          ? "This device has a passkey for your account already."
          : "Nothing was done: it was stopped, took too long, or there is no passkey here.");
        why.focus();
      }
    });
    return undefined;
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("form[data-ceremony]").forEach(wire);
  });
})();

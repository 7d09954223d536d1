/* Makes a room live: by a WebSocket, by long polls where that cannot be had. What others said is only ever set as text. */
"use strict";
(() => {
  const said = document.getElementById("said");
  const { song, csrf, me } = said.dataset;
  const scroller = said.parentElement;
  const state = document.getElementById("state");
  const api = `/api/rooms/${song}`;
  let last = said.dataset.last;
  let failures = 0;

  const ages = new Intl.RelativeTimeFormat("en", { numeric: "always" });
  const when = (date) => {
    const seconds = (Date.now() - date) / 1000;
    if (seconds >= 7.5 * 86400) return date.toLocaleDateString("en-GB", { dateStyle: "long" });
    for (const [size, unit] of [[86400, "day"], [3600, "hour"], [60, "minute"]]) {
      if (seconds >= size * 0.95) return ages.format(-Math.max(1, Math.round(seconds / size)), unit);
    }
    return "just now";
  };
  const age = () => said.querySelectorAll("time").forEach((time) => {
    time.textContent = when(new Date(time.dateTime));
    time.title = new Date(time.dateTime).toLocaleString();
  });

  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const isNear = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 120;
  const toEnd = () => { scroller.scrollTop = scroller.scrollHeight; };

  const show = (message) => {
    const item = element("li", "", message.kind + (message.name === me ? " own" : ""));
    if (message.name) {
      const name = element("b");
      name.append(element("bdi", message.name));
      item.append(name, " ");
    }
    const time = element("time", "just now");
    time.dateTime = new Date(message.time).toISOString();
    const text = element("span", "", "text");
    text.append(element("bdi", message.text));
    item.append(time, " ", text);
    said.append(item);
    while (said.children.length > 300) said.firstElementChild.remove();
  };

  const take = (feed) => {
    const stick = isNear();
    for (const message of feed.messages) {
      show(message);
      last = message.id;
    }
    if (feed.messages.length) {
      document.getElementById("empty").hidden = true;
      if (stick) toEnd();
    }
    if (feed.messages.some((message) => message.kind === "system")) people("GET");
  };

  const people = async (method) => {
    try {
      const answer = await fetch(`${api}/people`, { method, headers: { "X-CSRF-Token": csrf } });
      if (!answer.ok) return;
      const names = (await answer.json()).people;
      const chips = names.slice(0, 30).flatMap((name) => {
        const chip = element("span", "", "chip");
        chip.append(element("bdi", name));
        return [chip, " "];
      });
      if (names.length > 30) chips.push(`and ${names.length - 30} more`);
      document.getElementById("people").replaceChildren(...chips);
    } catch { /* the next answer asks again */ }
  };

  const pause = () => {
    failures += 1;
    state.textContent = failures > 1 ? "The connection is lost; trying again…" : "";
    const wait = Math.min(15000, 400 * 2 ** failures) * (0.5 + Math.random());
    return new Promise((resolve) => { setTimeout(resolve, wait); });
  };
  const isLive = () => { failures = 0; state.textContent = ""; };

  const poll = async () => {
    for (;;) {
      try {
        const answer = await fetch(`${api}/feed?since=${last}`);
        if (answer.status === 401) { location.reload(); return; }
        if (!answer.ok) throw new Error(answer.status);
        take(await answer.json());
        isLive();
      } catch { await pause(); }
    }
  };

  const listen = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${api}/socket?since=${last}`);
    let wasOpen = false;
    socket.onopen = () => { wasOpen = true; isLive(); };
    socket.onmessage = (event) => take(JSON.parse(event.data));
    socket.onclose = async () => {
      if (!wasOpen && failures === 0) { poll(); return; }
      await pause();
      listen();
    };
  };

  const form = document.getElementById("say");
  const field = document.getElementById("text");
  const error = document.getElementById("text-error");
  const complain = (text) => {
    error.textContent = text;
    error.hidden = !text;
    field.toggleAttribute("aria-invalid", Boolean(text));
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value;
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
    try {
      const answer = await fetch(`${api}/feed`, { method: "POST", headers, body: JSON.stringify({ text }) });
      if (answer.ok) {
        complain("");
        if (field.value === text) field.value = "";
        toEnd();
      } else if (answer.status === 401 || answer.status === 403) complain("You are signed out. Reload the page.");
      else complain((await answer.json()).message || "That could not be sent.");
    } catch { complain("That could not be sent; the connection is lost. Try again."); }
    field.focus();
  });
  addEventListener("pagehide", () => {
    fetch(`${api}/people`, { method: "DELETE", headers: { "X-CSRF-Token": csrf }, keepalive: true });
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  age();
  setInterval(age, 20000);
  toEnd();
  people("POST");
  setInterval(() => people("POST"), 25000);
  listen();
})();

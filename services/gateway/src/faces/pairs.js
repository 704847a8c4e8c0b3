// The desk's pairs: what is perhaps the same, side by side; merged, told apart, or taken out again.
let asked = null, nth = 0;
const lately = () => JSON.parse(sessionStorage.getItem("lately") || "[]");
const look_at_pairs = trying(async () => {
  const page = await ask("reviewer", "/suggestions?page_size=50");
  walk(el("asked"), page.suggestions, s => part("li", "warn", part("p", "two", s.text), part("div", "row", part("span", "pill act", t(s.state_zh, plain(s.state))), part("span", "pill", t(`${s.candidates.length} 件相似`, `${s.candidates.length} alike`)), part("small", "number", s.number), part("small", "end", when(s.received_at)))),
    { open: s => { asked = s; nth = 0; beside(); }, none: t("没有待判定的重复", "nothing is asked"),
      keys: { m: s => settle_pair(s, true), x: s => settle_pair(s, false), arrowright: () => turn(1), arrowleft: () => turn(-1) } });
  asked = page.suggestions.find(s => s.number === asked?.number) || page.suggestions[0] || null;
  beside();
  show_lately();
  document.body.dataset.ready = "yes";
});
const turn = by => { if (asked) { nth = (nth + by + asked.candidates.length) % asked.candidates.length; beside(); } };
function beside() {
  if (!asked) return el("beside").replaceChildren();
  const c = asked.candidates[Math.min(nth, asked.candidates.length - 1)];
  if (!c) return;
  const most = Math.max(.01, ...c.reasons.map(r => Math.abs(r.adds)));
  const bar = r => { const i = part("i", r.adds < 0 ? "against" : ""); i.style.width = 100 * Math.abs(r.adds) / most + "%"; return i; };
  const words = (head, s, cls) => part("article", "card stack", part("div", "row", part("h2", "", head), part("span", "number", s.number), part("span", "pill act", t(s.state_zh, plain(s.state)))), part("p", "said", s.text), part("small", "", [s.place, when(s.received_at)].filter(Boolean).join(" · ")));
  el("beside").replaceChildren(part("div", "card stack",
    part("div", "row", part("span", "big", Math.round(c.score * 100) + " %"), part("span", "pill", t(c.class_zh, c.class)), part("span", "quiet", t(c.reason_zh, c.reason_en)), asked.candidates.length > 1 ? part("span", "end pill", `${nth + 1} / ${asked.candidates.length}`) : null),
    part("div", "pair", words(t("较早", "Earlier"), c), words(t("较晚", "Later"), asked)),
    part("h3", "", t("依据", "What speaks for it and against it")),
    part("ul", "reasons", ...c.reasons.map(r => part("li", "", t(r.zh, r.en), bar(r), part("span", "n", (r.adds > 0 ? "+" : "") + r.adds.toFixed(1))))),
    c.blocked_by ? part("p", "note bad", t("不可并案: ", "may not be merged: "), c.blocked_by) : null,
    part("div", "row", button("main", "并案", "Merge", "M", () => settle_pair(asked, true)), button("", "不是同一件", "Not the same", "X", () => settle_pair(asked, false)), asked.candidates.length > 1 ? button("bare", "换一件比较", "Another", "→", () => turn(1)) : null)));
}
const settle_pair = trying(async (s, same) => {
  // A letter acts on what is shown side by side, never on a row beside which another pair stands.
  if (s.number !== asked?.number) { asked = s; nth = 0; return beside(); }
  const c = s.candidates[nth];
  if (same) {
    const done = await act("dispatcher", `/tickets/${s.number}/merge`, { master: c.number, class: c.class, reason: "经人工比对为同一件事" });
    sessionStorage.setItem("lately", JSON.stringify([{ number: s.number, master: done.master, text: s.text }, ...lately()].slice(0, 8)));
    tell(t(`${s.number} 已并入 ${done.master}`, `${s.number} follows ${done.master}`));
  } else {
    await act("dispatcher", `/tickets/${s.number}/distinct`, { other: c.number, reason: "经人工比对不是同一件事" });
    tell(t("已记录为不同诉求", "kept as two matters"));
  }
  nth = 0;
  await look_at_pairs();
  later_focus(el("asked"));
});
function show_lately() {
  el("merged").hidden = !lately().length;
  const undo = trying(async m => {
    await act("reviewer", `/tickets/${m.number}/unmerge`, { reason: "并案有误,恢复独立办理" });
    sessionStorage.setItem("lately", JSON.stringify(lately().filter(l => l.number !== m.number)));
    tell(t(`${m.number} 已恢复独立办理`, `${m.number} goes its own way again`));
    await look_at_pairs();
  });
  walk(el("lately"), lately(), m => part("li", "", part("p", "two", m.text), part("div", "row", part("small", "number", `${m.number} → ${m.master}`), button("bad end", "撤销并案", "Undo", "Z", () => undo(m)))), { open: () => {}, keys: { z: undo } });
}

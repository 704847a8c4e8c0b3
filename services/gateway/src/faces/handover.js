// Handover at the end of a shift: what the next one gets, who answers for it, and both signatures. Claims and what is not
// signed are put on the list by the service; people add what was promised, and say who takes which ticket.
const ITEMS = { CLAIMED: ["已认领", "claimed"], UNSIGNED: ["未签收", "not signed"], PROMISE: ["已答应", "promised"] };
let handovers = [], handover_shown = "";
const look_at_handover = trying(async () => {
  handovers = (await ask("dispatcher", "/handovers")).handovers;
  const open = handovers.find(h => !h.incoming_signed_at);
  if (!handovers.some(h => h.id === handover_shown)) handover_shown = (open || handovers[0])?.id || "";
  el("begin_handover").hidden = Boolean(open);
  walk(el("handovers"), handovers, h => part("li", h.incoming_signed_at ? "good" : "warn",
    part("div", "row", part("b", "", `${h.outgoing} → ${h.incoming}`), part("span", "pill act", t(...signature(h))), part("small", "end", when(h.opened_at))),
    part("small", "", t(`${h.items.length} 项`, `${h.items.length} items`))), { open: h => { handover_shown = h.id; show_handover(); }, none: t("还没有交接记录", "nothing was handed over so far") });
  show_handover();
  document.body.dataset.ready = "yes";
});
const signature = h => h.incoming_signed_at ? ["双方已签字", "signed by both"] : h.outgoing_signed_at ? ["待接班人签字", "the next shift is to sign"] : ["待交班人签字", "the last shift is to sign"];
const handed = async (path, body, words) => {
  const done = await act("dispatcher", path, body);
  handover_shown = done.id;
  tell(words);
  await look_at_handover();
};
el("begin_handover").addEventListener("submit", e => { e.preventDefault(); begin_handover(); });
const begin_handover = trying(() => handed("/handovers", { incoming: el("incoming").value.trim() }, t("交接清单已建立", "the list is begun")));

function show_handover() {
  const h = handovers.find(one => one.id === handover_shown);
  if (!h) return el("handed").replaceChildren();
  const items = part("ul", "list"), path = `/handovers/${h.id}`;
  items.setAttribute("aria-label", t("交接事项", "what is handed over"));
  const give = trying(async item => {
    const to = prompt(t(`${item.number} 交给谁(账号)?`, `Who takes ${item.number} (account)?`), item.to);
    if (to) await handed(`${path}/give`, { ticket: item.number, to: to.trim() }, t("已指定接手人", "given"));
  });
  const signed = at => at ? t(`已签字 ${when(at)}`, `signed ${when(at)}`) : t("未签字", "not signed");
  const card = part("div", "card stack",
    part("div", "row", part("h2", "", t("交接清单", "Handover")), part("span", "pill act", t(...signature(h))), part("small", "end", when(h.opened_at))),
    part("dl", "", part("dt", "", t("交班", "from")), part("dd", "", `${h.outgoing} · ${signed(h.outgoing_signed_at)}`), part("dt", "", t("接班", "to")), part("dd", "", `${h.incoming} · ${signed(h.incoming_signed_at)}`)),
    h.outgoing_signed_at ? null : part("p", "quiet", part("kbd", "", "G"), " ", t("指定接手人;回车查看工单", "say who takes it; Enter opens the ticket")), items);
  walk(items, h.items, i => part("li", i.kind === "PROMISE" ? "warn" : "",
    part("div", "row", part("span", "pill", t(...(ITEMS[i.kind] || [i.kind, i.kind]))), part("b", "number", i.number), part("span", "pill act", t(i.state_zh, plain(i.state))), due_pill("", "due", i.due), part("small", "end", `${i.from} → ${i.to}`)),
    i.text ? part("p", "", i.text) : ""), { open: i => { show("search"); open_hit(i.number); }, keys: h.outgoing_signed_at ? {} : { g: give }, none: t("没有待交接的事项", "nothing is open") });
  if (!h.incoming_signed_at) {
    if (!h.outgoing_signed_at) card.append(promise_form(path));
    card.append(part("div", "row", button("main", "签字", "Sign", "", trying(() => handed(`${path}/sign`, {}, t("已签字", "signed")))),
      h.outgoing_signed_at ? button("bad", "退回补充", "Send it back", "", trying(() => handed(`${path}/back`, {}, t("已退回交班人", "sent back")))) : null));
  }
  el("handed").replaceChildren(card);
}
function promise_form(path) {
  const field = (id, zh, en, input) => { input.id = id; return part("div", "", Object.assign(part("label", "", t(zh, en)), { htmlFor: id }), input); };
  const number = part("input", ""), due = Object.assign(part("input", ""), { type: "datetime-local" }), words = Object.assign(part("textarea", ""), { rows: 2, maxLength: 20000 });
  due.value = city_local(now() + 3600e3);
  const form = part("form", "stack", part("h3", "", t("补充: 答应过来电人的事", "Add: what a caller was promised")), field("promise_ticket", "工单号", "ticket's number", number), field("promise_due", "何时之前", "by when", due), field("promise_words", "答应了什么", "what was promised", words),
    part("div", "row", Object.assign(part("button", "", t("加入清单", "Put it on the list")), { type: "submit" })));
  form.addEventListener("submit", e => { e.preventDefault(); promised(); });
  const promised = trying(() => handed(`${path}/promise`, { ticket: number.value.trim(), due: city_instant(due.value), text: words.value.trim() }, t("已加入清单", "on the list")));
  return form;
}
// A field of the browser's holds a local time without a zone: the city's, as everything on the page.
const city_local = at => new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" }).format(new Date(at)).replace(" ", "T");
function city_instant(local) {
  const guess = Date.parse(local + "Z");
  return Number.isNaN(guess) ? "" : new Date(2 * guess - Date.parse(city_local(guess) + "Z")).toISOString();
}

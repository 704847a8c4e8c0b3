// Search on the desk: one box, a few ways to narrow it; each hit says why it was found, and opens beside the list.
const PERIODS = [[0, "任何时间", "any time"], [7, "近 7 天", "last 7 days"], [30, "近 30 天", "last 30 days"], [365, "近一年", "last year"]];
// What is wrong with a field, for who types; in English the service's own words.
const WRONG = { words: "请输入词语、工单号或手机号;太长的请缩短", number: "不是工单号", phone: "不是电话号码", unit: "不是单位代码", matter: "不是事项代码", states: "不是工单状态", page_token: "请重新查找" };
let sought = null, further = "";

function search_form() {
  const kept = [el("found_state").value, el("found_since").value];
  el("found_state").replaceChildren(...[{ code: "", zh: "任何状态" }, ...LISTS.state].map(s => Object.assign(part("option", "", s.code ? t(s.zh, plain(s.code)) : t("任何状态", "any state")), { value: s.code })));
  el("found_since").replaceChildren(...PERIODS.map(([days, zh, en]) => Object.assign(part("option", "", t(zh, en)), { value: days })));
  [el("found_state").value, el("found_since").value] = [kept[0] || "", kept[1] || "0"];
  if (!el("found_unit").list) { picker("agent", el("found_unit"), "units"); picker("agent", el("found_matter"), "matters"); }
}
const find = trying(async (more = false) => {
  if (!more) {
    const days = Number(el("found_since").value), state = el("found_state").value;
    sought = { words: el("sought").value.trim(), unit: code_of(el("found_unit")), matter: code_of(el("found_matter")), states: state ? [state] : [], from: days ? new Date(now() - days * 86400e3).toISOString() : "" };
  }
  el("unsought").textContent = "";
  let page;
  try {
    page = await ask("agent", "/search", { ...sought, page_size: 50, page_token: more ? further : "" });
  } catch (problem) {
    if (problem.status !== 400) throw problem;
    el("unsought").textContent = (problem.fields?.length ? problem.fields.map(f => t(WRONG[f.field] || f.problem, `${f.field} ${f.problem}`)) : [problem.detail]).join("; ");
    el("sought").focus();
    return;
  }
  further = page.next_page_token;
  el("more_hits").hidden = !further;
  el("filling").hidden = !page.filling;
  const before = more ? [...el("hits").children].map(li => li.item).filter(Boolean) : [];
  walk(el("hits"), [...before, ...page.hits], h => part("li", "",
    part("div", "row", part("b", "two", h.title || h.number)),
    part("div", "row", part("span", "pill act", t(h.state_zh, plain(h.state))), urgency_pill(h.urgency), part("small", "number", h.number), part("small", "end", when(h.received_at))),
    part("p", "two", h.excerpt), part("p", "quiet", t(h.because_zh, h.because_en))),
    { open: h => open_hit(h.number), none: t("没有找到", "nothing is found") });
  if (!more) { el("hit").replaceChildren(); later_focus(el("hits")); }
  document.body.dataset.ready = "yes";
});
const open_hit = trying(async number => el("hit").replaceChildren(part("div", "card stack", ...await whole("agent", number))));
el("find").addEventListener("submit", e => { e.preventDefault(); find(); });
el("more_hits").addEventListener("click", () => find(true));

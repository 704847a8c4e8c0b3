// Units and matters of the catalogue in force, offered while one types. A code by hand stays good; so does a whole name.
const PICKED = { units: u => [u.name, u.area_name, u.parent && t(`属 ${u.parent}`, `of ${u.parent}`)], matters: m => [m.name, m.level2] };
function picker(hat, input, what) {
  const list = part("datalist", "");
  list.id = input.id + "-offered";
  input.setAttribute("list", list.id);
  input.autocomplete = "off";
  input.after(list);
  let offered = null, waiting = 0;
  const offer = trying(async () => {
    const typed = input.value.trim();
    if (typed === offered) return;
    offered = typed;
    const page = await ask(hat, `/${what}?page_size=50&prefix=${encodeURIComponent(typed)}`);
    list.replaceChildren(...page[what].map(entry => Object.assign(part("option", ""), { value: entry.code, label: PICKED[what](entry).filter(Boolean).join(" · ") })));
  });
  input.addEventListener("focus", offer);
  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(offer, 150); });
  return input;
}
// The code that was picked or typed.
function code_of(input) {
  const typed = input.value.trim();
  const named = [...(input.list?.options || [])].find(o => o.label === typed || o.label.split(" · ")[0] === typed);
  return named ? named.value : typed;
}

//! What people say in the stories, and whose it is by the demo's catalogue.

/// A railing is broken: whitelisted for merging, and one unit leads it everywhere.
pub(crate) const RAILING: &str = "望潮社区潮音路12号附近护栏损坏,已经三天了,请尽快处理。";
/// Who leads railings.
pub(crate) const ROADS: &str = "JTJ";
/// A street light is out: the lighting company leads, the street office assists.
pub(crate) const LIGHT: &str = "望潮社区潮音路12号附近路灯不亮,已经三天了,请尽快处理。";
/// Who leads street lights, and who assists in Wangchao.
pub(crate) const LIGHTS: (&str, &str) = ("LDGS", "JD01");

/// A railing elsewhere, so that two matters of one city do not meet.
pub(crate) fn railing(house: u32) -> String {
    format!("望潮社区潮音路{house}号附近护栏损坏,已经三天了,请尽快处理。")
}

/// Nobody can tell whose this is: a person dispatches it.
pub(crate) fn unclear(n: u32) -> String {
    format!("我有一件事情想请你们帮忙处理一下,编号{n},谢谢。")
}
/// The same railing in another's words, twice.
pub(crate) const RAILING_TOO: &str = "您好,望潮社区潮音路12号附近的护栏损坏了,倒在人行道上,请尽快处理。";
pub(crate) const RAILING_AGAIN: &str = "反映望潮社区潮音路12号附近护栏损坏,居民走路很危险,请尽快处理。";

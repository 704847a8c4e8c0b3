//! What people say in the stories, and whose it is by the demo's catalogue.

/// A street light is out: whitelisted for merging, one lead everywhere but in one park.
pub(crate) const LIGHT: &str = "望潮社区潮音路12号附近路灯不亮,已经三天了,请尽快处理。";
/// Who leads street lights.
pub(crate) const LIGHTS: &str = "LDGS";

/// The same elsewhere, so that two stories of one city do not meet.
pub(crate) fn light(house: u32) -> String {
    format!("望潮社区潮音路{house}号附近路灯不亮,已经三天了,请尽快处理。")
}

/// Nobody can tell whose this is: a person dispatches it.
pub(crate) fn unclear(n: u32) -> String {
    format!("我有一件事情想请你们帮忙处理一下,编号{n},谢谢。")
}

//! One character at a time: full width to half width, capitals to small, traditional to simplified.
//!
//! Everything else in this crate compares folded characters, so that one and the same word typed on
//! two keyboards is one word. Folding maps a character to exactly one character; positions hold.

use std::sync::LazyLock;

/// Traditional and simplified, side by side. Only pairs that mean the same in either direction of
/// everyday hotline words; characters whose mapping depends on the word (乾, 藉, 徵…) are left out.
const SIMPLIFIED: &str = "\
    與与 為为 這这 個个 們们 來来 時时 會会 國国 過过 對对 開开 關关 門门 問问 間间 聞闻 閉闭 闆板 閱阅 \
    說说 話话 語语 請请 謝谢 讓让 認认 識识 訴诉 詢询 試试 誰谁 該该 設设 許许 論论 訊讯 記记 評评 證证 \
    計计 調调 談谈 課课 誤误 議议 護护 讀读 變变 費费 質质 貨货 買买 賣卖 購购 賠赔 賬账 貴贵 負负 責责 \
    財财 敗败 貼贴 資资 賓宾 賞赏 貸贷 貪贪 貧贫 車车 輛辆 軌轨 軟软 轉转 輪轮 輕轻 較较 載载 輸输 輔辅 \
    辦办 辭辞 農农 進进 遠远 違违 連连 運运 達达 遲迟 選选 還还 邊边 適适 遞递 遷迁 郵邮 鄉乡 鄰邻 鄭郑 \
    醫医 釋释 鐵铁 鋼钢 銀银 錢钱 錯错 鎮镇 鎖锁 鐘钟 鍋锅 鏈链 鑰钥 鋪铺 銷销 錄录 針针 釘钉 鈴铃 鏡镜 \
    長长 陽阳 陰阴 隊队 際际 陸陆 險险 隨随 隱隐 階阶 雜杂 雙双 離离 難难 電电 霧雾 靜静 頂顶 項项 順顺 \
    須须 預预 領领 頭头 題题 額额 顯显 願愿 類类 顧顾 風风 飛飞 飯饭 飲饮 館馆 餐餐 養养 餘余 馬马 駛驶 \
    駕驾 騎骑 騙骗 驗验 驚惊 騷骚 體体 髒脏 鬧闹 魚鱼 鮮鲜 鳥鸟 鳴鸣 麗丽 麥麦 點点 黨党 齊齐 齡龄 齒齿 \
    龍龙 龜龟 業业 東东 絲丝 兩两 嚴严 並并 喪丧 豐丰 臨临 舉举 麼么 義义 烏乌 樂乐 習习 書书 亂乱 爭争 \
    虧亏 雲云 亞亚 產产 畝亩 親亲 億亿 僅仅 從从 侖仑 倉仓 儀仪 價价 眾众 優优 傷伤 倫伦 偽伪 傳传 債债 \
    傾倾 償偿 儲储 兒儿 兌兑 黃黄 蘭兰 興兴 養养 獸兽 岡冈 冊册 寫写 軍军 馮冯 衝冲 決决 況况 凍冻 淨净 \
    涼凉 減减 湊凑 幾几 鳳凤 憑凭 凱凯 擊击 劉刘 則则 剛刚 創创 刪删 別别 劑剂 劍剑 劇剧 勸劝 務务 動动 \
    勵励 勁劲 勞劳 勢势 勝胜 區区 協协 單单 盧卢 衛卫 廠厂 廳厅 歷历 壓压 厭厌 廁厕 廂厢 廈厦 廚厨 縣县 \
    參参 發发 髮发 號号 嘆叹 嚇吓 嗎吗 聽听 啟启 吳吴 員员 嗆呛 嘔呕 咼呙 響响 啞哑 喚唤 嘯啸 噴喷 囑嘱 \
    團团 園园 圍围 圖图 圓圆 聖圣 場场 壞坏 塊块 堅坚 壇坛 壩坝 墳坟 墜坠 壟垄 墊垫 牆墙 壯壮 聲声 殼壳 \
    處处 備备 復复 複复 夠够 夾夹 奪夺 奮奋 獎奖 奧奥 婦妇 媽妈 嬰婴 孫孙 學学 寧宁 寶宝 實实 寵宠 審审 \
    憲宪 宮宫 寬宽 對对 尋寻 導导 壽寿 將将 爾尔 塵尘 嘗尝 屍尸 盡尽 層层 屆届 屬属 歲岁 豈岂 島岛 嶺岭 \
    崗岗 幣币 帥帅 師师 帳帐 帶带 幫帮 幹干 莊庄 慶庆 庫库 應应 廟庙 龐庞 廢废 開开 異异 棄弃 張张 彈弹 \
    強强 歸归 當当 錄录 徹彻 徑径 懷怀 態态 總总 戀恋 惡恶 惱恼 悅悦 懸悬 憂忧 懼惧 慘惨 慣惯 憤愤 懶懒 \
    戲戏 戰战 戶户 撲扑 執执 擴扩 掃扫 揚扬 擾扰 撫抚 拋抛 搶抢 報报 擔担 擬拟 攔拦 擁拥 擇择 掛挂 揮挥 \
    撈捞 損损 撿捡 換换 據据 擲掷 攜携 攝摄 擺摆 搖摇 攤摊 敵敌 數数 斷断 無无 舊旧 曬晒 曉晓 暈晕 暫暂 \
    術术 機机 殺杀 權权 條条 楊杨 極极 構构 樹树 標标 棟栋 欄栏 樣样 橋桥 檢检 樓楼 橫横 檔档 櫃柜 歐欧 \
    歡欢 殘残 毀毁 畢毕 氣气 漢汉 湯汤 溝沟 沒没 瀝沥 淪沦 滬沪 瀉泻 潑泼 澤泽 潔洁 灑洒 濁浊 測测 濟济 \
    濃浓 濤涛 澇涝 渦涡 潤润 澗涧 漲涨 滲渗 漁渔 灣湾 濕湿 滅灭 燈灯 靈灵 災灾 煙烟 煩烦 燒烧 燙烫 熱热 \
    爐炉 爛烂 牽牵 犧牺 狀状 猶犹 獨独 獄狱 獻献 環环 現现 瑪玛 璃璃 畫画 療疗 瘋疯 癥症 癢痒 監监 蓋盖 \
    盤盘 矚瞩 礦矿 碼码 磚砖 礎础 確确 禮礼 禍祸 種种 積积 稱称 稅税 穩稳 窮穷 竊窃 競竞 筆笔 築筑 簽签 \
    簡简 籃篮 籬篱 糧粮 緊紧 糾纠 紅红 級级 紀纪 約约 純纯 紙纸 線线 組组 細细 織织 終终 給给 絡络 絕绝 \
    統统 繼继 績绩 續续 維维 綠绿 網网 纜缆 緩缓 編编 緣缘 縮缩 繳缴 羅罗 罰罚 聯联 職职 聾聋 腦脑 腳脚 \
    膠胶 臟脏 艦舰 藝艺 節节 蘇苏 蘋苹 範范 薦荐 藥药 營营 蕭萧 薩萨 藍蓝 虛虚 蟲虫 雖虽 蝦虾 補补 裝装 \
    襯衬 襲袭 見见 規规 視视 覺觉 覽览 觸触 譽誉 訂订 訪访 註注 詐诈 詳详 誠诚 誘诱 諮咨 謀谋 講讲 豬猪 \
    趙赵 趕赶 趨趋 躍跃 軀躯 遼辽 遺遗 鄧邓 醬酱 鑒鉴 鑽钻 閃闪 閒闲 闖闯 陳陈 陝陕 韓韩 頁页 頓顿 頻频 \
    顏颜 顛颠 飾饰 餵喂 饅馒 驅驱 驟骤 鬥斗 鬆松 鴨鸭 鵝鹅 鹽盐 黴霉 臺台 檯台 颱台 裏里 裡里 後后 麵面 \
    闢辟 禦御 佈布 佔占 係系 傢家 僱雇 內内 冇没 凈净 劃划 匯汇 滙汇 彙汇 週周 嘅的 囪囱 埡垭 塗涂 墻墙 \
    夥伙 姍姗 娛娱 嶽岳 巖岩 幟帜 廣广 廠厂 彆别 徬彷 愛爱 慮虑 戴戴 採采 撥拨 撤撤 攪搅 敘叙 於于 昇升 \
    暢畅 曆历 朧胧 杴锨 柵栅 棲栖 榮荣 槍枪 樁桩 歎叹 殯殡 氾泛 汙污 汚污 淚泪 渾浑 溫温 滯滞 滾滚 滿满 \
    漸渐 潛潜 濾滤 瀏浏 烴烃 煉炼 燃燃 爺爷 獲获 穫获 玀猡 瓏珑 甌瓯 畝亩 疊叠 痺痹 瘡疮 皚皑 盜盗 睏困 \
    砲炮 硃朱 祕秘 秈籼 稈秆 穀谷 窩窝 竈灶 筍笋 籲吁 紮扎 縫缝 繞绕 繪绘 纖纤 罷罢 聳耸 肅肃 腎肾 膚肤 \
    艙舱 蔔卜 蔥葱 蘿萝 蠟蜡 蠻蛮 裊袅 製制 觀观 託托 訓训 詞词 諸诸 謂谓 譚谭 貓猫 賭赌 賴赖 贈赠 贏赢 \
    跡迹 蹟迹 踴踊 軋轧 輩辈 迴回 逕迳 週周 遊游 郃合 鄒邹 醜丑 釀酿 鈣钙 鉛铅 鋁铝 鍛锻 鎂镁 鑲镶 閘闸 \
    閣阁 闡阐 隻只 雞鸡 電电 靂雳 鞏巩 響响 颳刮 飼饲 駐驻 駱骆 騰腾 髏髅 鬍胡 鱗鳞 鴿鸽 鷹鹰 黏粘";

const FIRST: u32 = 0x4E00;
const LAST: u32 = 0x9FFF;

static TABLE: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let mut table = vec![0u16; (LAST - FIRST + 1) as usize];
    for pair in SIMPLIFIED.split_whitespace() {
        let mut of = pair.chars();
        if let (Some(traditional), Some(simplified)) = (of.next(), of.next())
            && let (Some(slot), Ok(to)) =
                (table.get_mut((traditional as u32 - FIRST) as usize), u16::try_from(simplified as u32))
        {
            *slot = to;
        }
    }
    table
});

/// Full width to half width, circled digits to digits, ASCII capitals to small letters.
pub(crate) fn narrow(c: char) -> char {
    match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(c as u32 - 0xff01 + 0x21).map_or(c, |narrow| narrow.to_ascii_lowercase())
        }
        '①'..='⑨' => char::from_u32(c as u32 - '①' as u32 + u32::from(b'1')).unwrap_or(c),
        _ => c,
    }
}

/// [`narrow`], then traditional to simplified. Folding a folded character changes nothing.
pub(crate) fn fold(c: char) -> char {
    let c = narrow(c);
    let code = c as u32;
    if !(FIRST..=LAST).contains(&code) {
        return c;
    }
    match TABLE.get((code - FIRST) as usize) {
        None | Some(0) => c,
        Some(&to) => char::from_u32(u32::from(to)).unwrap_or(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_a_pair_and_folds_once() {
        for pair in SIMPLIFIED.split_whitespace() {
            let of: Vec<char> = pair.chars().collect();
            assert_eq!(of.len(), 2, "{pair}");
            assert!((FIRST..=LAST).contains(&(of[0] as u32)), "{pair}");
            assert_eq!(fold(fold(of[0])), fold(of[0]), "{pair}");
            assert_eq!(fold(of[0]), of[1], "{pair} contradicts another pair");
        }
    }

    #[test]
    fn folds_what_keyboards_differ_in() {
        let folded = |s: &str| s.chars().map(fold).collect::<String>();
        assert_eq!(folded("違規停車ＡＢＣ１２③　Ｘ"), "违规停车abc123 x");
        assert_eq!(folded("街燈不亮，樓上漏水"), "街灯不亮,楼上漏水");
    }

    proptest::proptest! {
        #[test]
        fn folding_twice_is_folding_once(c: char) {
            assert_eq!(fold(fold(c)), fold(c));
        }
    }
}

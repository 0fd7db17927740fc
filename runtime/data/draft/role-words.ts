// The words that columns are called by in several languages: what names a user, an item, a clock, a label, a category.

/** Words as one pattern; those of Latin letters in any case. */
const words = (...lists: readonly string[]): RegExp => new RegExp(lists.join(" ").split(" ").join("|"), "iu");

export const userWords = words(
  "user customer member visitor student learner account client person ^u_?id$",
  "usuario cliente nutzer kunde utilisateur пользовател клиент",
  "用户 用戶 使用者 顾客 顧客 客户 客戶 会员 會員 买家 買家 读者 学生 會員 会員 利用者 ユーザ 사용자 이용자 고객 회원",
);

export const itemWords = words(
  "item video movie film product article song track book sku post photo problem question skill content restaurant game app news",
  "goods (^|_)ad(s|_?group|_?id)?(_|$) creative poi ^iid$",
  "artikel produkt produit prodotto articulo artículo pelicula película товар фильм видео",
  "商品 物品 物料 产品 產品 视频 視頻 影片 电影 電影 歌曲 音乐 音樂 文章 新闻 新聞 图书 圖書 书籍 ^书$ 题目 题号 課題 课程 課程 游戏 遊戲 应用 广告 廣告 内容 內容 帖子 笔记 店铺 商家 商户 餐厅",
  "アイテム 製品 動画 映画 記事 楽曲 작품 상품 제품 아이템 영화 동영상 기사",
);

export const clockWords = words(
  "time date created clock ^ts$ stamp when",
  "fecha datum zeit horodat время дата",
  "时间 時間 日期 日時 日付 时刻 時刻 시간 날짜 일시 시각",
);

export const orderWords = words(
  "^(order|order_id|seq|sequence|step|position|idx|index)$",
  "^(序号|序號|顺序|順序|次序|步骤|步骤号|步|第几步|순서|단계)$",
);

export const labelWords = words(
  "click like label buy bought purchase watch correct target follow share convert conversion finish complete play",
  "clic klick kauf compra achat acquist клик покупк",
  "点击 點擊 標籤 标签 标记 点赞 點讚 喜欢 喜歡 购买 購買 收藏 关注 關注 转发 轉發 分享 下单 加购 成交 转化 完播 播放 观看 正确 答对",
  "クリック ラベル 購入 いいね 클릭 라벨 구매 좋아요 정답",
);

export const ratingWords = words(
  "rating stars score grade",
  "bewertung calificacion calificación puntuacion puntuación оценка рейтинг",
  "评分 評分 打分 分数 分數 星级 星級 評価 点数 평점 별점 점수",
);

/** Of lists: what a user did before. */
export const historyWords = words(
  "hist seq past clicked viewed bought purchased watched visited behavio previous prior (^|_)prev recent (^|_)last_ _(list|ids)$ (list|Ids)$",
  "verlauf historial historique storico истори",
  "历史 歷史 序列 行为 行為 履歴 이력 기록",
);

/** Of whole numbers that are names. */
export const categoryWords = words(
  "类别 類別 类型 類型 类目 種類 种类 分类 分類 品牌 作者 等级 等級 性别 性別 城市 地区 地區 省份 国家 國家 职业 職業 频道 頻道",
  "カテゴリ ブランド 職業 카테고리 브랜드 성별 도시 지역 직업",
);

/** Endings that say that a column holds ids. */
export const idEnding = /(id|编号|編號|编码|编碼|代码|番号|번호|아이디)$/i;

/** A column's name as the words are written: full-width letters and composed accents in their usual form. */
export const usual = (name: string): string => name.normalize("NFKC");

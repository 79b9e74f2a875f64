// The peer on Node: the same questions on Fastify and Mercurius with its just-in-time compiler, as one would write them with care.
//
// Documents are parsed, validated and compiled once, the score is in memory, connections come from a pool of mysql2 with prepared
// statements, and each request's token is verified by fast-jwt, which remembers for a minute what it verified: ThirdEye does so, too.
// It writes no request log and keeps no metrics. Run as `node mercurius_peer.js PORT`.

import { createVerifier } from "fast-jwt";
import Fastify from "fastify";
import mercurius from "mercurius";
import mysql from "mysql2/promise";

const pool = mysql.createPool({
  host: process.env.PEER_DATABASE_HOST,
  port: Number(process.env.PEER_DATABASE_PORT),
  user: process.env.PEER_DATABASE_USER,
  password: process.env.PEER_DATABASE_PASSWORD,
  database: "thirdeye",
  connectionLimit: 10,
  // A text is what the answer needs of a moment: no Date is made of it.
  dateStrings: true,
  timezone: "Z",
});
pool.pool.on("connection", (connection) => connection.query("SET time_zone = '+00:00'"));

const verify = createVerifier({
  key: process.env.PEER_PUBLIC_KEY,
  algorithms: ["RS256"],
  allowedIss: "open-metadata.org",
  clockTolerance: 30_000,
  cache: 1000,
  cacheTTL: 60_000,
});

const schema = `
  enum ActionItemStatus { OPEN IN_PROGRESS DONE }
  type ZIBreakdown { storage: Int! compute: Int! query: Int! others: Int! }
  type ZIMetadata { totalTables: Int! activeTables: Int! inactivePercentage: Float! }
  type ZIScore { score: Int! breakdown: ZIBreakdown! metadata: ZIMetadata! capturedAt: String! }
  type ActionItem {
    id: Int! title: String! status: ActionItemStatus! category: String priority: String createdAt: String! updatedAt: String!
  }
  type ActionItemEdge { cursor: String! node: ActionItem! }
  type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
  type ActionItemConnection { edges: [ActionItemEdge!]! pageInfo: PageInfo! }
  type Query { ziScore: ZIScore! actionItems(first: Int = 20, after: String): ActionItemConnection! }
`;

const columns = "SELECT id, title, status, category, priority, created_at, updated_at FROM action_items";
const order = "ORDER BY updated_at DESC, id DESC LIMIT ?";
const cursorOf = (row) => Buffer.from(JSON.stringify([row.updated_at, row.id])).toString("base64url");
const moment = (text) => `${text.replace(" ", "T").replace(/\.0+$/, "")}+00:00`;

const itemOf = (row) => ({
  id: row.id,
  title: row.title,
  status: row.status,
  category: row.category,
  priority: row.priority,
  createdAt: moment(row.created_at),
  updatedAt: moment(row.updated_at),
});

async function rowsOf(first, after) {
  if (!after) return (await pool.execute(`${columns} ${order}`, [String(first + 1)]))[0];
  const position = JSON.parse(Buffer.from(after, "base64url").toString());
  const where = "WHERE (updated_at < ? OR (updated_at = ? AND id < ?))";
  return (await pool.execute(`${columns} ${where} ${order}`, [position[0], ...position, String(first + 1)]))[0];
}

const memory = {};
const resolvers = {
  Query: {
    ziScore: () => memory.score,
    async actionItems(_, { first, after }) {
      if (first < 1 || first > 100) throw new Error("bad input");
      const rows = await rowsOf(first, after);
      const edges = rows.slice(0, first).map((row) => ({ cursor: cursorOf(row), node: itemOf(row) }));
      const pageInfo = {
        hasNextPage: rows.length > first,
        hasPreviousPage: Boolean(after),
        startCursor: edges[0]?.cursor,
        endCursor: edges.at(-1)?.cursor,
      };
      return { edges, pageInfo };
    },
  },
};

const [[newest]] = await pool.query("SELECT score, captured_at, meta FROM health_score_history ORDER BY captured_at DESC LIMIT 1");
const meta = typeof newest.meta === "string" ? JSON.parse(newest.meta) : newest.meta;
memory.score = {
  score: newest.score,
  breakdown: meta.breakdown,
  metadata: meta.metadata,
  capturedAt: moment(newest.captured_at),
};

const app = Fastify({ logger: false });
app.addHook("onRequest", async (request, reply) => {
  try {
    request.principal = verify((request.headers.authorization ?? "").replace(/^Bearer /, ""));
  } catch {
    return reply.code(401).send({ message: "the token is not valid" });
  }
});
app.register(mercurius, { schema, resolvers, jit: 1, context: (request) => ({ principal: request.principal }) });
await app.listen({ port: Number(process.argv[2]), host: "127.0.0.1" });

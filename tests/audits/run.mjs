// Runs graphql-http's server audits against THIRDEYE_URL with THIRDEYE_TOKEN and prints the results as JSON.
import { serverAudits } from 'graphql-http';

const token = process.env.THIRDEYE_TOKEN;
const fetchFn = (url, init = {}) =>
  fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });

const results = [];
for (const audit of serverAudits({ url: process.env.THIRDEYE_URL, fetchFn })) {
  const result = await audit.fn();
  results.push({ id: audit.id, name: audit.name, status: result.status, reason: result.reason ?? null });
}
console.log(JSON.stringify(results));

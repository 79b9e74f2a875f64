"use strict";
// The token is typed into GraphiQL's headers pane and kept nowhere else.
const holder = document.getElementById("graphiql");
const fetcher = GraphiQL.createFetcher({ url: holder.dataset.url });
ReactDOM.createRoot(holder).render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultQuery: "{\n  ziScore {\n    score\n    status\n  }\n}\n",
    defaultHeaders: '{"Authorization": "Bearer PASTE-A-TOKEN"}',
    shouldPersistHeaders: false,
  }),
);

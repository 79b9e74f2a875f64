"""The peer: the same questions on FastAPI, Strawberry and SQLAlchemy's async ORM, as one would write it with care.

Strawberry's caches for parsing and validation are on, the score is read from memory, sessions come from a pool, and
each request's token is verified with the library that ThirdEye uses. It writes no request log and keeps no metrics.
Run as `python strawberry_peer.py PORT` with PEER_DATABASE_URL and PEER_PUBLIC_KEY in the environment.
"""

import base64
import enum
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import strawberry
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from sqlalchemy import JSON, BigInteger, Enum, Numeric, String, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.fastapi import GraphQLRouter
from strawberry.types import Info

engine = create_async_engine(os.environ["PEER_DATABASE_URL"], pool_size=10, max_overflow=0, pool_recycle=280)
sessions = async_sessionmaker(engine, expire_on_commit=False)
key = RSAKey.import_key(os.environ["PEER_PUBLIC_KEY"])
claims_of = jwt.JWTClaimsRegistry(leeway=30, iss={"essential": True, "value": "open-metadata.org"})
memory: dict[str, Any] = {}


class Base(DeclarativeBase):
    pass


@strawberry.enum
class ActionItemStatus(enum.Enum):
    OPEN = "OPEN"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"


class ItemRow(Base):
    __tablename__ = "action_items"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    title: Mapped[str] = mapped_column(String(255))
    status: Mapped[ActionItemStatus] = mapped_column(Enum(ActionItemStatus))
    category: Mapped[str | None] = mapped_column(String(64))
    priority: Mapped[str | None] = mapped_column(String(32))
    estimated_savings_usd: Mapped[Decimal | None] = mapped_column(Numeric(20, 6))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ScoreRow(Base):
    __tablename__ = "health_score_history"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    captured_at: Mapped[datetime]
    score: Mapped[int]
    meta: Mapped[dict[str, Any] | None] = mapped_column(JSON)


@strawberry.type
class ZIBreakdown:
    storage: int
    compute: int
    query: int
    others: int


@strawberry.type
class ZIMetadata:
    total_tables: int
    active_tables: int
    inactive_percentage: float


@strawberry.type
class ZIScore:
    score: int
    breakdown: ZIBreakdown
    metadata: ZIMetadata
    captured_at: datetime


@strawberry.type
class ActionItem:
    id: int
    title: str
    status: ActionItemStatus
    category: str | None
    priority: str | None
    estimated_savings_usd: Decimal | None
    created_at: datetime
    updated_at: datetime


@strawberry.type
class ActionItemEdge:
    cursor: str
    node: ActionItem


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class ActionItemConnection:
    edges: list[ActionItemEdge]
    page_info: PageInfo

    @strawberry.field
    async def total_count(self) -> int:
        async with sessions() as session:
            return (await session.scalar(select(func.count()).select_from(ItemRow))) or 0


SORT_COLUMNS = {
    "updatedAt": ItemRow.updated_at,
    "createdAt": ItemRow.created_at,
    "title": ItemRow.title,
    "status": ItemRow.status,
    "id": ItemRow.id,
}


def cursor_of(row: ItemRow, sort_by: str) -> str:
    value = row.status.value if sort_by == "status" else getattr(row, SORT_COLUMNS[sort_by].key)
    return base64.urlsafe_b64encode(json.dumps([str(value), row.id]).encode()).decode()


def item_of(row: ItemRow) -> ActionItem:
    return ActionItem(
        id=row.id,
        title=row.title,
        status=row.status,
        category=row.category,
        priority=row.priority,
        estimated_savings_usd=row.estimated_savings_usd,
        created_at=row.created_at.replace(tzinfo=UTC),
        updated_at=row.updated_at.replace(tzinfo=UTC),
    )


@strawberry.type
class Query:
    @strawberry.field
    async def zi_score(self) -> ZIScore:
        return memory["score"]

    @strawberry.field
    async def action_items(
        self,
        info: Info,
        status: str | None = None,
        first: int | None = 20,
        after: str | None = None,
        sort_by: str | None = "updatedAt",
        sort_dir: str | None = "desc",
        search: str | None = None,
    ) -> ActionItemConnection:
        size = first or 20
        if not 1 <= size <= 100 or sort_by not in SORT_COLUMNS or sort_dir not in {"asc", "desc"}:
            raise ValueError("bad input")
        column = SORT_COLUMNS[sort_by]
        order = (column.desc(), ItemRow.id.desc()) if sort_dir == "desc" else (column.asc(), ItemRow.id.asc())
        statement = select(ItemRow).order_by(*order).limit(size + 1)
        if status is not None:
            statement = statement.where(ItemRow.status == ActionItemStatus(status))
        if search:
            statement = statement.where(ItemRow.title.contains(search, autoescape=True))
        if after is not None:
            position = json.loads(base64.urlsafe_b64decode(after))
            keys = tuple_(column, ItemRow.id)
            statement = statement.where(keys < tuple(position) if sort_dir == "desc" else keys > tuple(position))
        async with sessions() as session:
            rows = (await session.scalars(statement)).all()
        edges = [ActionItemEdge(cursor=cursor_of(row, sort_by), node=item_of(row)) for row in rows[:size]]
        return ActionItemConnection(
            edges=edges,
            page_info=PageInfo(
                has_next_page=len(rows) > size,
                has_previous_page=after is not None,
                start_cursor=edges[0].cursor if edges else None,
                end_cursor=edges[-1].cursor if edges else None,
            ),
        )


async def principal_of(authorization: Annotated[str, Header()] = "") -> dict[str, Any]:
    try:
        token = jwt.decode(authorization.removeprefix("Bearer "), key, algorithms=["RS256"])
        claims_of.validate({name: value for name, value in token.claims.items() if value is not None})
    except (JoseError, ValueError) as error:
        raise HTTPException(401, "the token is not valid") from error
    return token.claims


async def context_of(principal: Annotated[dict[str, Any], Depends(principal_of)]) -> dict[str, Any]:
    return {"principal": principal}


async def newest_score(session: AsyncSession) -> ZIScore:
    row = (await session.scalars(select(ScoreRow).order_by(ScoreRow.captured_at.desc()).limit(1))).one()
    meta = row.meta or {}
    return ZIScore(
        score=row.score,
        breakdown=ZIBreakdown(**meta["breakdown"]),
        metadata=ZIMetadata(
            total_tables=meta["metadata"]["totalTables"],
            active_tables=meta["metadata"]["activeTables"],
            inactive_percentage=meta["metadata"]["inactivePercentage"],
        ),
        captured_at=row.captured_at.replace(tzinfo=UTC),
    )


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with sessions() as session:
        memory["score"] = await newest_score(session)
    yield
    await engine.dispose()


schema = strawberry.Schema(query=Query, extensions=[ParserCache(), ValidationCache()])
app = FastAPI(lifespan=lifespan)
app.include_router(GraphQLRouter(schema, context_getter=context_of, graphql_ide=None), prefix="/graphql")

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False, server_header=False)

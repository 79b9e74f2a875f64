"""Asks every question of every view: the first time after a start, and again and again."""

import asyncio
import random
from collections import defaultdict
from pathlib import Path

from bench.page.estate import PageEstate
from bench.page.figures import Figures
from bench.page.question import Question
from bench.page.questions import operations_of_the_page, questions_of
from bench.page.serving import Api, Client
from thirdeye.local.tokens import Signer

AIM = 300.0
Times = dict[str, list[float]]


def ask_all(
    estate: PageEstate, folder: Path, signer: Signer, rounds: int, figures: Figures, only: list[str] | None = None
) -> None:
    """Prints what each question takes, and each view with all that it asks at once as it opens; `only` of some views."""
    with Api(estate, folder, signer) as api:
        questions = asyncio.run(_questions(api, estate))
    questions = [each for each in questions if only is None or each.view in only]
    left = operations_of_the_page() - {each.operation for each in questions}
    if left and only is None:
        figures.say(f"the page asks these, too, and they are not measured: {', '.join(sorted(left))}")
    views = list(dict.fromkeys(each.view for each in questions))
    cold = Times()
    for view in views:
        with Api(estate, folder, signer) as api:
            cold |= asyncio.run(_opened(api, [each for each in questions if each.view == view and each.first]))
    with Api(estate, folder, signer) as api:
        warm = asyncio.run(_rounds(api, questions, rounds))
    for view in views:
        figures.say(
            f"\n{view}: ms, median and 95th percentile of {rounds}; of the API's processor; first after a start"
        )
        for name in (view, *(_key(each) for each in questions if each.view == view)):
            label = "all that it asks as it opens" if name == view else name.removeprefix(f"{view}: ")
            first = cold[name][0] if name in cold else None
            figures.times(f"{view}, {label}", warm[name], warm[_processor(name)], first, AIM)


def _key(question: Question) -> str:
    return f"{question.view}: {question.name}"


def _processor(name: str) -> str:
    return f"processor: {name}"


async def _questions(api: Api, estate: PageEstate) -> list[Question]:
    client = api.client()
    questions = await questions_of(client, estate)
    await client.close()
    return questions


async def _opened(api: Api, questions: list[Question]) -> Times:
    client, times = api.client(), defaultdict[str, list[float]](list)
    await _open(client, questions, times)
    await client.close()
    return times


async def _open(client: Client, questions: list[Question], times: Times) -> None:
    """Asks at once what a view asks when it opens."""
    answers = await asyncio.gather(*(client.ask(each.operation, each.variables) for each in questions))
    for question, (elapsed, _) in zip(questions, answers, strict=True):
        times[_key(question)].append(elapsed)
    times[questions[0].view].append(max(elapsed for elapsed, _ in answers))


async def _rounds(api: Api, questions: list[Question], rounds: int) -> Times:
    client, times = api.client(), defaultdict[str, list[float]](list)
    for question in questions:
        await client.ask(question.operation, question.variables)
    for number in range(rounds):
        mixed = random.Random(number).sample(questions, len(questions))
        for question in mixed:
            before = client.processor()
            elapsed, _ = await client.ask(question.operation, question.variables)
            times[_key(question)].append(elapsed)
            times[_processor(_key(question))].append(client.processor() - before)
        for view in dict.fromkeys(each.view for each in questions):
            together = defaultdict[str, list[float]](list)
            before = client.processor()
            await _open(client, [each for each in questions if each.view == view and each.first], together)
            times[view].append(together[view][0])
            times[_processor(view)].append(client.processor() - before)
    await client.close()
    return times

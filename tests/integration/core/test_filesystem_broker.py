"""The folder broker delivers each message once, in order, and survives truncated files."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from queue import Empty

import pytest
from kombu import Connection

from webapp.core import dispatch


@pytest.fixture
def channel(tmp_path):
    dispatch.register()
    for name in ("messages", "control"):
        (tmp_path / name).mkdir()
    messages = str(tmp_path / "messages")
    options = {"data_folder_in": messages, "data_folder_out": messages, "control_folder": str(tmp_path / "control")}
    with Connection("filesystem://localhost", transport_options=options) as connection:
        yield connection.channel()


def taken(channel, queue):
    found = []
    while True:
        try:
            found.append(channel._get(queue)["body"])
        except Empty:
            return found


def test_messages_come_once_and_in_order(channel, tmp_path):
    for n in range(12):
        channel._put("scoring", {"body": n})
    channel._put("training", {"body": "other"})
    assert taken(channel, "scoring") == list(range(12))
    assert taken(channel, "training") == ["other"]
    assert not list((tmp_path / "messages").iterdir())


def test_many_readers_share_the_messages(channel):
    for n in range(200):
        channel._put("scoring", {"body": n})
    with ThreadPoolExecutor(4) as readers:
        parts = list(readers.map(lambda _: taken(channel, "scoring"), range(4)))
    assert sorted(chain(*parts)) == list(range(200))


def test_a_message_cut_short_is_dropped_and_the_next_one_delivered(channel, tmp_path, caplog):
    (tmp_path / "messages" / "1_a.scoring.msg").write_text("")
    (tmp_path / "messages" / "2_b.scoring.msg").write_text('{"bod')
    channel._put("scoring", {"body": "whole"})
    assert taken(channel, "scoring") == ["whole"]
    assert "truncated" in caplog.text


def test_a_message_is_invisible_until_it_is_whole(channel, tmp_path):
    (tmp_path / "messages" / ".3_c.scoring.msg").write_text('{"bod')
    assert taken(channel, "scoring") == []
    assert channel._size("scoring") == 0


def test_a_fanout_table_is_never_seen_empty(channel):
    channel._queue_bind("news", "", "", "one")
    channel._queue_bind("news", "", "", "two")
    assert {entry.queue for entry in channel.get_table("news")} == {"one", "two"}


def test_a_deleted_folder_is_made_again_by_whoever_sends_or_looks(channel, tmp_path):
    shutil.rmtree(tmp_path / "messages")
    channel._put("scoring", {"body": "first"})
    assert taken(channel, "scoring") == ["first"]
    shutil.rmtree(tmp_path / "messages")
    assert taken(channel, "scoring") == []
    assert channel._size("scoring") == 0

"""A small mail server that takes mails, refuses addresses, hangs or babbles, as it is told."""

import socketserver
import threading
import time
from contextlib import contextmanager


class MailServer:
    """What it does, and the addresses that it took mails for."""

    def __init__(self):
        self.port, self.taken, self.refused = 0, [], set()
        self.greeting, self.pause, self.over = b"220 ready\r\n", 0.0, threading.Event()
        self.refuses_login = False


@contextmanager
def mail_server(settings):
    """Run one on a free port, as the site's own."""
    told = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            if not told.greeting:
                told.over.wait(60)
                return
            self.wfile.write(told.greeting)
            to = ""
            for line in self.rfile:
                word = line.split(b":")[0].strip().upper()
                if word == b"RCPT TO":
                    to = line.decode().partition("<")[2].partition(">")[0]
                answer = self.answer(word, to)
                if word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    while self.rfile.readline() not in (b".\r\n", b""):
                        pass
                    time.sleep(told.pause)
                    told.taken.append(to)
                self.wfile.write(answer)

        def answer(self, word, to):
            if word == b"RCPT TO" and to in told.refused:
                return b"550 no such person\r\n"
            if word.startswith(b"EHLO") and told.refuses_login:
                return b"250-here\r\n250 AUTH PLAIN\r\n"
            if word.startswith(b"AUTH"):
                return b"535 5.7.8 wrong\r\n"
            return b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n"

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        told.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", told.port, 1
        try:
            yield told
        finally:
            told.over.set()
            server.shutdown()

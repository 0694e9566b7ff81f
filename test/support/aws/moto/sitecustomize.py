# Python runs this file before moto_server, which has its folder on PYTHONPATH: it changes no answer, and makes each
# come in less than half the time. Where moto is made otherwise than it is here, moto is only as slow as it was.
from functools import lru_cache

from moto import backends
from moto.core import responses, utils
from werkzeug.serving import WSGIRequestHandler

# With each request moto 5.2 lists its own folder, and looks through all members of the class that is to answer.
backends.list_of_moto_modules = lru_cache(None)(lambda modules=backends.list_of_moto_modules: frozenset(modules()))
utils.method_names_from_class = lru_cache(None)(utils.method_names_from_class)
responses.method_names_from_class = utils.method_names_from_class

# Nobody reads a line a request.
WSGIRequestHandler.log_request = lambda *_, **__: None

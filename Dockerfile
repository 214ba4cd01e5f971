# One image for the driver and for every Ray worker: a cluster needs the same Python, libraries and code on all nodes.
#
#   docker build -t medtrace .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" -e OPENAI_BASE_URL -e OPENAI_API_KEY medtrace build my.toml
#   docker run --rm --entrypoint ray medtrace start --head --block
#
# It asks models over HTTP and holds none, so it needs no GPU. For a node that serves models itself, start from an image
# with CUDA and Python 3.11 instead, and add after the locked requirements:
#   RUN pip install --constraint requirements.lock vllm==0.32.0
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

# Before the code, so that a change of code alone does not install them again.
COPY requirements.lock /opt/medtrace/
RUN pip install --only-binary :all: -r /opt/medtrace/requirements.lock

# The project runs from its checkout, so the code stays where it is copied.
COPY . /opt/medtrace
RUN pip install --no-deps --editable /opt/medtrace

# What is compiled when texts are first read; a user of any number may add to it.
ENV NUMBA_CACHE_DIR=/var/cache/medtrace
RUN python -c "from pipeline.texts.minhash import near_pairs; from pipeline.texts.overlap import Detector, Question; \
    rows = [Question(one, f'Fever, cough and {one} after 5 days abroad?', options=('Malaria', 'Typhoid', 'Measles')) for one in ('sweats', 'rashes')]; \
    Detector(rows).find(rows), near_pairs(rows, 0.4)" \
    && chmod -R a+rwX "$NUMBA_CACHE_DIR"

RUN useradd --create-home --uid 1000 medtrace && mkdir /work && chown medtrace /work
USER medtrace
WORKDIR /work
ENTRYPOINT ["medtrace"]
CMD ["--help"]

"""What the window is made of, and where it stands."""

from __future__ import annotations

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QMainWindow, QSplitter, QVBoxLayout, QWidget

from desktop.ui import icons
from desktop.ui.activity_bar import ActivityBar
from desktop.ui.banner import Banner
from desktop.ui.compare_view import CompareView
from desktop.ui.drop_overlay import DropOverlay
from desktop.ui.duplicates_in_window import DuplicatesInWindow
from desktop.ui.duplicates_view import DuplicatesView
from desktop.ui.empty_state import EmptyState, LibraryClosed, NothingFound
from desktop.ui.filter_bar import FilterBar
from desktop.ui.grid import AssetGrid
from desktop.ui.inspector import Inspector
from desktop.ui.large_preview import LargePreview
from desktop.ui.library_panel import LibraryPanel
from desktop.ui.map_in_window import MapInWindow
from desktop.ui.map_page import MapPage
from desktop.ui.middle import Middle
from desktop.ui.part_marker import PartMarker
from desktop.ui.ports import EnginePort, ReadPort, Shell, ThumbnailPort
from desktop.ui.problems_view import ProblemsView
from desktop.ui.similar_bar import SimilarBar
from desktop.ui.wish_turns import WishTurns

_MIN_WIDTH_PX, _MIN_HEIGHT_PX = 900, 520


class WindowParts(QMainWindow):
    """Makes the parts of the window and lays them out; what they do is said in the classes above it. GUI thread."""

    def __init__(
        self, shell: Shell, read: ReadPort, thumbnails: ThumbnailPort, engine: EnginePort, state: QSettings
    ) -> None:
        super().__init__()
        self._shell, self._read, self._engine = shell, read, engine
        self.setWindowTitle("Lightdesk")
        self.setWindowIcon(icons.program_icon())
        self.setAcceptDrops(True)
        self.setMinimumSize(_MIN_WIDTH_PX, _MIN_HEIGHT_PX)
        self._build_parts(thumbnails, state)
        self._lay_out()

    def _build_parts(self, thumbnails: ThumbnailPort, state: QSettings) -> None:
        self.filters = FilterBar()
        self.banner = Banner()
        self.similar_bar = SimilarBar()
        self.panel = LibraryPanel()
        wishes = self.wishes = WishTurns(thumbnails)
        grid_wishes, map_wishes, duplicate_wishes = wishes.share(), wishes.share(), wishes.share()
        self.grid, self.grid_wishes = AssetGrid(self._read, grid_wishes), grid_wishes
        self.empty, self.nothing, self.closed = EmptyState(), NothingFound(), LibraryClosed()
        self.problems = ProblemsView()
        self.large = LargePreview(self._read, thumbnails, self._engine)
        self.large.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.compared = CompareView(self._read, thumbnails, self._engine, self._shell.picture_of)
        self.middle = Middle()
        # The grid first: whether the library is empty is not known before it has been read.
        for page in (self.grid, self.empty, self.nothing, self.problems, self.large, self.compared, self.closed):
            self.middle.addWidget(page)
        map_page = MapPage(self._read, map_wishes, self._engine)
        self.map = MapInWindow(map_page, self.grid, self.middle, wishes, grid_wishes, map_wishes, self)
        self.inspector = Inspector(self._read, thumbnails, self._engine, top_k=self._shell.settings.top_k)
        self.inspector.setMinimumWidth(240)
        self.large_part, self.inspector_part = PartMarker(self.large), PartMarker(self.inspector.preview)
        self.activity = ActivityBar()
        duplicates_page = DuplicatesView(
            self._read, duplicate_wishes, self._engine, self._shell.picture_of, self._shell.trash, state
        )
        self.duplicates = DuplicatesInWindow(
            duplicates_page, self.middle, self.panel, self.activity, wishes, grid_wishes, duplicate_wishes,
            self.map.page.isVisible, self,
        )  # fmt: skip

    def _lay_out(self) -> None:
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        for place, part in enumerate((self.panel, self.middle, self.inspector)):
            self._splitter.addWidget(part)
            self._splitter.setStretchFactor(place, int(part is self.middle))
        self._splitter.setSizes([220, 760, 340])
        whole = QWidget()
        rows = QVBoxLayout(whole)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.filters)
        rows.addWidget(self.banner)
        rows.addWidget(self.similar_bar)
        rows.addWidget(self._splitter, 1)
        rows.addWidget(self.activity)
        self.setCentralWidget(whole)
        self._overlay = DropOverlay(whole)
        # Fields would take a dropped file for text; drops go to the window wherever they fall.
        for child in whole.findChildren(QWidget):
            if child.acceptDrops():
                child.setAcceptDrops(False)

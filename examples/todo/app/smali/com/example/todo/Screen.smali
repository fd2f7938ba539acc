# One screen: a layout, and what happens when its views are tapped (onClick, in each screen).
.class public abstract Lcom/example/todo/Screen;
.super Ljava/lang/Object;
.implements Landroid/view/View$OnClickListener;

.field protected final activity:Lcom/example/todo/MainActivity;
.field protected final store:Lcom/example/todo/Store;

.method protected constructor <init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;)V
    .registers 3
    invoke-direct {p0}, Ljava/lang/Object;-><init>()V
    iput-object p1, p0, Lcom/example/todo/Screen;->activity:Lcom/example/todo/MainActivity;
    iput-object p2, p0, Lcom/example/todo/Screen;->store:Lcom/example/todo/Store;
    return-void
.end method

# The layout's resource id.
.method public abstract layout()I
.end method

# Called once the layout is on the screen: fill in texts and listen.
.method public abstract shown()V
.end method

# Where Back leads. Unless a screen says otherwise the app goes to the background.
.method public back()V
    .registers 3
    iget-object v0, p0, Lcom/example/todo/Screen;->activity:Lcom/example/todo/MainActivity;
    const/4 v1, 0x1
    invoke-virtual {v0, v1}, Lcom/example/todo/MainActivity;->moveTaskToBack(Z)Z
    return-void
.end method

.method protected final find(I)Landroid/view/View;
    .registers 3
    iget-object v0, p0, Lcom/example/todo/Screen;->activity:Lcom/example/todo/MainActivity;
    invoke-virtual {v0, p1}, Lcom/example/todo/MainActivity;->findViewById(I)Landroid/view/View;
    move-result-object v0
    return-object v0
.end method

.method protected final listen(I)V
    .registers 3
    invoke-virtual {p0, p1}, Lcom/example/todo/Screen;->find(I)Landroid/view/View;
    move-result-object v0
    invoke-virtual {v0, p0}, Landroid/view/View;->setOnClickListener(Landroid/view/View$OnClickListener;)V
    return-void
.end method

.method protected final setVisible(IZ)V
    .registers 5
    const/16 v1, 0x8                # View.GONE
    if-eqz p2, :set
    const/4 v1, 0x0                 # View.VISIBLE
    :set
    invoke-virtual {p0, p1}, Lcom/example/todo/Screen;->find(I)Landroid/view/View;
    move-result-object v0
    invoke-virtual {v0, v1}, Landroid/view/View;->setVisibility(I)V
    return-void
.end method

.method protected final setText(ILjava/lang/CharSequence;)V
    .registers 4
    invoke-virtual {p0, p1}, Lcom/example/todo/Screen;->find(I)Landroid/view/View;
    move-result-object v0
    check-cast v0, Landroid/widget/TextView;
    invoke-virtual {v0, p2}, Landroid/widget/TextView;->setText(Ljava/lang/CharSequence;)V
    return-void
.end method

# What is typed into a field.
.method protected final typed(I)Ljava/lang/String;
    .registers 3
    invoke-virtual {p0, p1}, Lcom/example/todo/Screen;->find(I)Landroid/view/View;
    move-result-object v0
    check-cast v0, Landroid/widget/TextView;
    invoke-virtual {v0}, Landroid/widget/TextView;->getText()Ljava/lang/CharSequence;
    move-result-object v0
    invoke-interface {v0}, Ljava/lang/CharSequence;->toString()Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method

# A string resource with its one place filled in.
.method protected final string(ILjava/lang/Object;)Ljava/lang/String;
    .registers 6
    const/4 v0, 0x1
    new-array v0, v0, [Ljava/lang/Object;
    const/4 v1, 0x0
    aput-object p2, v0, v1
    iget-object v1, p0, Lcom/example/todo/Screen;->activity:Lcom/example/todo/MainActivity;
    invoke-virtual {v1, p1, v0}, Lcom/example/todo/MainActivity;->getString(I[Ljava/lang/Object;)Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method

.method protected final showOnboarding(I)V
    .registers 5
    iget-object v0, p0, Lcom/example/todo/Screen;->activity:Lcom/example/todo/MainActivity;
    iget-object v1, p0, Lcom/example/todo/Screen;->store:Lcom/example/todo/Store;
    new-instance v2, Lcom/example/todo/OnboardingScreen;
    invoke-direct {v2, v0, v1, p1}, Lcom/example/todo/OnboardingScreen;-><init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;I)V
    invoke-virtual {v0, v2}, Lcom/example/todo/MainActivity;->show(Lcom/example/todo/Screen;)V
    return-void
.end method

.method protected final showLogin()V
    .registers 4
    iget-object v0, p0, Lcom/example/todo/Screen;->activity:Lcom/example/todo/MainActivity;
    iget-object v1, p0, Lcom/example/todo/Screen;->store:Lcom/example/todo/Store;
    new-instance v2, Lcom/example/todo/LoginScreen;
    invoke-direct {v2, v0, v1}, Lcom/example/todo/LoginScreen;-><init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;)V
    invoke-virtual {v0, v2}, Lcom/example/todo/MainActivity;->show(Lcom/example/todo/Screen;)V
    return-void
.end method

.method protected final showList()V
    .registers 4
    iget-object v0, p0, Lcom/example/todo/Screen;->activity:Lcom/example/todo/MainActivity;
    iget-object v1, p0, Lcom/example/todo/Screen;->store:Lcom/example/todo/Store;
    new-instance v2, Lcom/example/todo/ListScreen;
    invoke-direct {v2, v0, v1}, Lcom/example/todo/ListScreen;-><init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;)V
    invoke-virtual {v0, v2}, Lcom/example/todo/MainActivity;->show(Lcom/example/todo/Screen;)V
    return-void
.end method

.method protected final showDetail(I)V
    .registers 5
    iget-object v0, p0, Lcom/example/todo/Screen;->activity:Lcom/example/todo/MainActivity;
    iget-object v1, p0, Lcom/example/todo/Screen;->store:Lcom/example/todo/Store;
    new-instance v2, Lcom/example/todo/DetailScreen;
    invoke-direct {v2, v0, v1, p1}, Lcom/example/todo/DetailScreen;-><init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;I)V
    invoke-virtual {v0, v2}, Lcom/example/todo/MainActivity;->show(Lcom/example/todo/Screen;)V
    return-void
.end method
